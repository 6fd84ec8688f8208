# The functions an application's CMakeLists.txt calls.
set(AZURE_SPHERE_TATU "${AZURE_SPHERE_SDK_PATH}/bin/tatu")

# azsphere_target_hardware_definition(target TARGET_DIRECTORY dir... TARGET_DEFINITION file.json)
function(azsphere_target_hardware_definition target)
    cmake_parse_arguments(PARSE_ARGV 1 AHD "" "TARGET_DEFINITION" "TARGET_DIRECTORY")
    if(NOT AHD_TARGET_DEFINITION OR NOT AHD_TARGET_DIRECTORY)
        message(FATAL_ERROR "azsphere_target_hardware_definition needs TARGET_DIRECTORY and TARGET_DEFINITION")
    endif()
    foreach(dir IN LISTS AHD_TARGET_DIRECTORY)
        get_filename_component(dir "${dir}" ABSOLUTE)
        if(EXISTS "${dir}/${AHD_TARGET_DEFINITION}")
            set(definition "${dir}/${AHD_TARGET_DEFINITION}")
            break()
        endif()
    endforeach()
    if(NOT definition)
        message(FATAL_ERROR "hardware definition ${AHD_TARGET_DEFINITION} is in none of: ${AHD_TARGET_DIRECTORY}")
    endif()
    get_filename_component(name "${definition}" NAME_WE)
    set(inc "${CMAKE_CURRENT_BINARY_DIR}/${target}-hw")
    execute_process(
        COMMAND "${AZURE_SPHERE_TATU}" hardware-definition generate-header --definition "${definition}" --out "${inc}/hw/${name}.h"
        RESULT_VARIABLE failed ERROR_VARIABLE text)
    if(failed)
        message(FATAL_ERROR "${text}")
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${definition}")
    target_include_directories(${target} PUBLIC "${inc}")
    set_target_properties(${target} PROPERTIES AZURE_SPHERE_HARDWARE_DEFINITION "${definition}")
endfunction()

# azsphere_target_add_image_package(target [RESOURCE_FILES file...] [DEBUG_LIB lib...])
function(azsphere_target_add_image_package target)
    cmake_parse_arguments(PARSE_ARGV 1 AIP "" "" "RESOURCE_FILES;DEBUG_LIB")
    set(root "${CMAKE_CURRENT_BINARY_DIR}/approot-${target}")
    set(package "${CMAKE_CURRENT_BINARY_DIR}/${target}.imagepackage")
    set(manifest "${CMAKE_CURRENT_SOURCE_DIR}/app_manifest.json")
    get_target_property(definition ${target} AZURE_SPHERE_HARDWARE_DEFINITION)
    set(hardware "")
    if(definition)
        set(hardware --hardware-definition "${definition}")
    endif()
    set(copies COMMAND ${CMAKE_COMMAND} -E make_directory "${root}/bin"
               COMMAND ${CMAKE_STRIP} --strip-all -o "${root}/bin/app" "$<TARGET_FILE:${target}>")
    set(resources "")
    foreach(file IN LISTS AIP_RESOURCE_FILES)
        get_filename_component(dir "${file}" DIRECTORY)
        get_filename_component(source "${file}" ABSOLUTE)
        list(APPEND copies COMMAND ${CMAKE_COMMAND} -E make_directory "${root}/${dir}"
                           COMMAND ${CMAKE_COMMAND} -E copy "${source}" "${root}/${file}")
        list(APPEND resources "${source}")
    endforeach()
    add_custom_command(
        OUTPUT "${package}"
        COMMAND ${CMAKE_COMMAND} -E rm -rf "${root}"
        ${copies}
        COMMAND "${AZURE_SPHERE_TATU}" image-package pack-application --input "${root}"
                --manifest "${manifest}" ${hardware} --out "${package}"
        DEPENDS ${target} "${manifest}" ${resources}
        VERBATIM)
    add_custom_target(${target}_package ALL DEPENDS "${package}")
endfunction()

# Of old projects; the API set is chosen by the preset.
function(azsphere_configure_tools)
endfunction()
function(azsphere_configure_api)
endfunction()
