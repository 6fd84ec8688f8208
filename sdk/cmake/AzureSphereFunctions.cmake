# The functions an application's CMakeLists.txt calls.
set(AZURE_SPHERE_TATU "${AZURE_SPHERE_SDK_PATH}/bin/tatu")

# azsphere_target_hardware_definition(target TARGET_DIRECTORY dir... TARGET_DEFINITION file.json)
#
# Makes hw/NAME.h of the definition and of what it imports, which is looked for beside it, in the folders and in the SDK.
function(azsphere_target_hardware_definition target)
    cmake_parse_arguments(PARSE_ARGV 1 AHD "" "TARGET_DEFINITION" "TARGET_DIRECTORY")
    if(NOT TARGET ${target})
        message(FATAL_ERROR "azsphere_target_hardware_definition: there is no target \"${target}\"; call add_executable first")
    endif()
    if(NOT AHD_TARGET_DEFINITION)
        message(FATAL_ERROR "azsphere_target_hardware_definition needs TARGET_DEFINITION, and TARGET_DIRECTORY for a definition of your own")
    endif()
    set(dirs "")
    foreach(dir IN LISTS AHD_TARGET_DIRECTORY)
        get_filename_component(dir "${dir}" ABSOLUTE)
        list(APPEND dirs "${dir}")
    endforeach()
    set(definition "")
    foreach(dir IN LISTS dirs ITEMS "${CMAKE_CURRENT_SOURCE_DIR}" "${AZURE_SPHERE_SDK_PATH}/HardwareDefinitions")
        if(NOT definition AND EXISTS "${dir}/${AHD_TARGET_DEFINITION}")
            set(definition "${dir}/${AHD_TARGET_DEFINITION}")
        endif()
    endforeach()
    if(IS_ABSOLUTE "${AHD_TARGET_DEFINITION}" AND EXISTS "${AHD_TARGET_DEFINITION}")
        set(definition "${AHD_TARGET_DEFINITION}")
    endif()
    if(NOT definition)
        list(JOIN dirs ", " searched)
        message(FATAL_ERROR "the hardware definition ${AHD_TARGET_DEFINITION} is in none of: ${searched}, "
            "${AZURE_SPHERE_SDK_PATH}/HardwareDefinitions. Correct TARGET_DIRECTORY.")
    endif()
    get_filename_component(name "${definition}" NAME_WE)
    set(inc "${CMAKE_CURRENT_BINARY_DIR}/${target}-hw")
    set(search "")
    if(dirs)
        set(search --search ${dirs})
    endif()
    execute_process(
        COMMAND "${AZURE_SPHERE_TATU}" hardware-definition generate-header --hardware-definition-file "${definition}"
                --out "${inc}/hw/${name}.h" --with-imports -o json ${search}
        RESULT_VARIABLE failed OUTPUT_VARIABLE told ERROR_VARIABLE text)
    if(failed)
        message(FATAL_ERROR "${text}")
    endif()
    string(JSON count LENGTH "${told}" definitions)
    math(EXPR last "${count} - 1")
    foreach(index RANGE ${last})
        string(JSON file GET "${told}" definitions ${index})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    endforeach()
    target_include_directories(${target} PUBLIC "${inc}")
    foreach(dir IN LISTS dirs)
        if(IS_DIRECTORY "${dir}/inc")
            target_include_directories(${target} PUBLIC "${dir}/inc")
        endif()
    endforeach()
    set_target_properties(${target} PROPERTIES AZURE_SPHERE_HARDWARE_DEFINITION "${definition}"
        AZURE_SPHERE_HARDWARE_DIRECTORIES "${dirs}")
endfunction()

# Where a resource file is, and what it is called in the image. A file below the source or build folder keeps its path
# from there; any other its name alone.
function(_azsphere_locate_resource file out_source out_name)
    if(IS_ABSOLUTE "${file}")
        set(source "${file}")
    elseif(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
        set(source "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    else() # one that the build makes
        set(source "${CMAKE_CURRENT_BINARY_DIR}/${file}")
    endif()
    get_filename_component(source "${source}" ABSOLUTE)
    get_filename_component(name "${source}" NAME)
    foreach(base "${CMAKE_CURRENT_BINARY_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
        string(FIND "${source}" "${base}/" at)
        if(at EQUAL 0)
            file(RELATIVE_PATH name "${base}" "${source}")
            break()
        endif()
    endforeach()
    set(${out_source} "${source}" PARENT_SCOPE)
    set(${out_name} "${name}" PARENT_SCOPE)
endfunction()

# A library of a debug build: a path, or the name of one of the API set's.
function(_azsphere_locate_library library out)
    set(places "${library}" "${CMAKE_CURRENT_SOURCE_DIR}/${library}" "${AZURE_SPHERE_API_SET_DIR}/usr/lib/${library}"
        "${AZURE_SPHERE_API_SET_DIR}/usr/lib/lib${library}.so" "${AZURE_SPHERE_API_SET_DIR}/usr/lib/debug/${library}")
    foreach(place IN LISTS places)
        if(IS_ABSOLUTE "${place}" AND EXISTS "${place}")
            set(${out} "${place}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR "the library ${library} of DEBUG_LIB is not in ${AZURE_SPHERE_API_SET_DIR}/usr/lib. Give its path.")
endfunction()

# azsphere_target_add_image_package(target [RESOURCE_FILES file...] [DEBUG_LIB lib...])
#
# Builds ${target}.imagepackage: the program as bin/app, the resource files, and with CMAKE_BUILD_TYPE Debug the
# libraries in lib/.
function(azsphere_target_add_image_package target)
    cmake_parse_arguments(PARSE_ARGV 1 AIP "" "" "RESOURCE_FILES;DEBUG_LIB")
    if(NOT TARGET ${target})
        message(FATAL_ERROR "azsphere_target_add_image_package: there is no target \"${target}\"; call add_executable first")
    endif()
    if(AIP_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "azsphere_target_add_image_package knows RESOURCE_FILES and DEBUG_LIB, not: ${AIP_UNPARSED_ARGUMENTS}")
    endif()
    if(AZURE_SPHERE_NATIVE)
        return() # a program of this machine is not packed
    endif()
    set(root "${CMAKE_CURRENT_BINARY_DIR}/approot-${target}")
    set(package "${CMAKE_CURRENT_BINARY_DIR}/${target}.imagepackage")
    set(manifest "${CMAKE_CURRENT_SOURCE_DIR}/app_manifest.json")
    if(NOT EXISTS "${manifest}")
        message(FATAL_ERROR "${manifest} is not there. An application needs a manifest; 'tatu new' makes one to begin with.")
    endif()
    get_target_property(definition ${target} AZURE_SPHERE_HARDWARE_DEFINITION)
    set(hardware "")
    if(definition)
        set(hardware --hardware-definition "${definition}")
        get_target_property(dirs ${target} AZURE_SPHERE_HARDWARE_DIRECTORIES)
        if(dirs)
            list(APPEND hardware --search ${dirs})
        endif()
        list(APPEND resources "${definition}")
    endif()
    set(copies COMMAND ${CMAKE_COMMAND} -E make_directory "${root}/bin"
               COMMAND ${CMAKE_STRIP} --strip-all -o "${root}/bin/app" "$<TARGET_FILE:${target}>")
    foreach(file IN LISTS AIP_RESOURCE_FILES)
        _azsphere_locate_resource("${file}" source name)
        get_filename_component(dir "${name}" DIRECTORY)
        list(APPEND copies COMMAND ${CMAKE_COMMAND} -E make_directory "${root}/${dir}"
                           COMMAND ${CMAKE_COMMAND} -E copy "${source}" "${root}/${name}")
        list(APPEND resources "${source}")
    endforeach()
    if(CMAKE_BUILD_TYPE STREQUAL "Debug")
        foreach(library IN LISTS AIP_DEBUG_LIB)
            _azsphere_locate_library("${library}" source)
            get_filename_component(name "${source}" NAME)
            list(APPEND copies COMMAND ${CMAKE_COMMAND} -E make_directory "${root}/lib"
                               COMMAND ${CMAKE_COMMAND} -E copy "${source}" "${root}/lib/${name}")
            list(APPEND resources "${source}")
        endforeach()
    endif()
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
