# Toolchain of unit tests: the application's sources for this machine, with the same headers and the application library
# built for it. Set CMAKE_TOOLCHAIN_FILE to this file. There is no image package: a program comes out.
cmake_minimum_required(VERSION 3.20)
include("${CMAKE_CURRENT_LIST_DIR}/AzureSphereSdk.cmake")

set(AZURE_SPHERE_NATIVE TRUE)
set(AZURE_SPHERE_NATIVE_PATH "${AZURE_SPHERE_SDK_PATH}/Native")
if(NOT EXISTS "${AZURE_SPHERE_NATIVE_PATH}/lib")
    message(FATAL_ERROR "this SDK has no ${AZURE_SPHERE_NATIVE_PATH}. Build the SDK again with './run sdk'.")
endif()
find_program(CMAKE_C_COMPILER NAMES gcc cc clang REQUIRED)
set(CMAKE_C_STANDARD_DEFAULT 11)
set(CMAKE_C_STANDARD_INCLUDE_DIRECTORIES "${AZURE_SPHERE_NATIVE_PATH}/include")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${AZURE_SPHERE_NATIVE_PATH}/lib -Wl,-rpath,${AZURE_SPHERE_NATIVE_PATH}/lib")

include("${CMAKE_CURRENT_LIST_DIR}/AzureSphereFunctions.cmake")
