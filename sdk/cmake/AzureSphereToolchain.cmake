# Toolchain of high-level applications. Set CMAKE_TOOLCHAIN_FILE to this file, and
# AZURE_SPHERE_TARGET_API_SET to latest-lts, latest-beta or a number.
cmake_minimum_required(VERSION 3.20)
include("${CMAKE_CURRENT_LIST_DIR}/AzureSphereSdk.cmake")

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER "${AZURE_SPHERE_API_SET_DIR}/bin/tatu-armhf-gcc")
set(CMAKE_AR "${AZURE_SPHERE_API_SET_DIR}/bin/tatu-armhf-ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${AZURE_SPHERE_API_SET_DIR}/bin/tatu-armhf-ranlib" CACHE FILEPATH "")
set(CMAKE_STRIP "${AZURE_SPHERE_API_SET_DIR}/bin/tatu-armhf-strip" CACHE FILEPATH "")
set(CMAKE_C_STANDARD_DEFAULT 11)
set(CMAKE_C_FLAGS_INIT "-fPIE")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-pie -Wl,--build-id=sha1 -Wl,-rpath-link,${AZURE_SPHERE_API_SET_DIR}/usr/lib")
set(CMAKE_FIND_ROOT_PATH "${AZURE_SPHERE_API_SET_DIR}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

include("${CMAKE_CURRENT_LIST_DIR}/AzureSphereFunctions.cmake")
