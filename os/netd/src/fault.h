/* Why a request is refused: our error, the errno an application gets, and the number of the owner's
 * desk. */
#ifndef TATU_NETD_FAULT_H
#define TATU_NETD_FAULT_H

#include <errno.h>

#include "base/base.h"
#include "proto/device_errors.h"

#define NETD_NET(name) TATU_NUMBER_NET_CONFIG_##name
#define NETD_WIFI(name) TATU_NUMBER_WIFI_##name

#define TATU_NETD_FAULTS(X)                                                                        \
    X(NO_INTERFACE, NOT_FOUND, ENOENT, NETD_NET(INVALID_INTERFACE))                                \
    X(NOT_PERMITTED, DENIED, EPERM, NETD_NET(INTERFACE_NOT_PERMITTED))                             \
    X(DENIED, DENIED, EACCES, NETD_NET(ACCESS_DENIED))                                             \
    X(REQUEST, FORMAT, EINVAL, NETD_NET(INVALID_IPC_REQUEST_FORMAT))                               \
    X(RANGE, ARGUMENT, ERANGE, NETD_NET(OUT_OF_RANGE))                                             \
    X(MAC, ARGUMENT, EINVAL, NETD_NET(INVALID_MAC_ADDRESS))                                        \
    X(ADDRESS, ARGUMENT, EINVAL, NETD_NET(INVALID_IP_ADDRESS))                                     \
    X(DESK_NET, EXISTS, EADDRINUSE, NETD_NET(INVALID_IP_ADDRESS))                                  \
    X(MASK, ARGUMENT, EINVAL, NETD_NET(INVALID_SUBNET_MASK))                                       \
    X(ROUTER, ARGUMENT, EINVAL, NETD_NET(INVALID_GATEWAY_ADDRESS))                                 \
    X(SERVICES, STATE, EPERM, NETD_NET(INCOMPATIBLE_SERVICES_ERROR))                               \
    X(DHCP_SERVER, ARGUMENT, EINVAL, NETD_NET(INVALID_DHCP_SERVER_CONFIG))                         \
    X(NO_SPACE, FULL, EFBIG, NETD_NET(OUT_OF_SPACE))                                               \
    X(FAILED, IO, EIO, NETD_NET(IPC_REQUEST_FAILED))                                               \
    X(NTP_SERVER, ARGUMENT, EINVAL, NETD_NET(INVALID_IP_ADDRESS))                                  \
    X(NO_SYNC, NOT_FOUND, ENOENT, TATU_NUMBER_NONE)                                                \
    X(PROXY_OPTION, ARGUMENT, EINVAL, NETD_NET(INVALID_PROXY_CLIENT_OPTION))                       \
    X(PROXY_AUTH, ARGUMENT, EINVAL, NETD_NET(INVALID_PROXY_CLIENT_AUTH_TYPE))                      \
    X(PROXY_ANONYMOUS, ARGUMENT, EINVAL,                                                           \
      NETD_NET(ANONYMOUS_AUTH_DOES_NOT_USE_USERNAME_OR_PASSWORD))                                  \
    X(PROXY_BASIC, ARGUMENT, EINVAL, NETD_NET(BASIC_AUTH_REQUIRES_USERNAME_AND_PASSWORD))          \
    X(PROXY_USERNAME, ARGUMENT, EINVAL, NETD_NET(INVALID_USERNAME))                                \
    X(PROXY_PASSWORD, ARGUMENT, EINVAL, NETD_NET(INVALID_PASSWORD))                                \
    X(PROXY_EXCEPTIONS, ARGUMENT, EINVAL, NETD_NET(INVALID_NO_PROXY_ADDRESSES))                    \
    X(PROXY_ADDRESS, ARGUMENT, EINVAL, NETD_NET(INVALID_PROXY_ADDRESS))                            \
    X(PROXY_TYPE, ARGUMENT, EINVAL, NETD_NET(INVALID_PROXY_TYPE))                                  \
    X(NO_PROXY, NOT_FOUND, ENOENT, NETD_NET(PROXY_CLIENT_CONFIGURATION_NOT_FOUND))                 \
    X(WIFI_EXISTS, EXISTS, EEXIST, NETD_WIFI(NETWORK_ALREADY_EXISTS))                              \
    X(WIFI_NOT_FOUND, NOT_FOUND, ENODEV, NETD_WIFI(NETWORK_NOT_FOUND))                             \
    X(WIFI_ID, ARGUMENT, EINVAL, NETD_WIFI(NETWORK_NOT_FOUND))                                     \
    X(WIFI_DOWN, STATE, ENETDOWN, NETD_WIFI(WIFI_DISABLED))                                        \
    X(WIFI_DENIED, DENIED, EACCES, NETD_WIFI(REQUEST_NOT_ALLOWED))                                 \
    X(WIFI_REQUEST, FORMAT, EINVAL, NETD_WIFI(INVALID_REQUEST_FORMAT))                             \
    X(WIFI_PROPERTIES, ARGUMENT, EINVAL, NETD_WIFI(INVALID_NETWORK_PROPERTIES))                    \
    X(WIFI_SSID, LONG, ERANGE, NETD_WIFI(SSID_TOO_LONG))                                           \
    X(WIFI_PSK_LONG, LONG, ERANGE, NETD_WIFI(PSK_TOO_LONG))                                        \
    X(WIFI_PSK_SHORT, SHORT, ERANGE, NETD_WIFI(PSK_TOO_SHORT))                                     \
    X(WIFI_LENGTH, LONG, ERANGE, NETD_WIFI(INVALID_LENGTH))                                        \
    X(WIFI_LIMIT, FULL, ENOMEM, NETD_WIFI(NETWORK_LIMIT_REACHED))                                  \
    X(WIFI_SPACE, FULL, ENOSPC, NETD_WIFI(INSUFFICIENT_SPACE_TO_PERSIST_WIFI_CONFIG))              \
    X(WIFI_NAME, EXISTS, EEXIST, NETD_WIFI(CONFIG_NAME_NOT_UNIQUE))                                \
    X(WIFI_CLIENT, ARGUMENT, EINVAL, NETD_WIFI(CLIENT_CERT_STORE_IDENTIFIER_MISSING))

enum TATU_NODISCARD tatu_netd_fault {
    TATU_NETD_OK = 0,
#define TATU_NETD_FAULT_ENUM(name, err, number, desk) TATU_NETD_##name##_FAULT,
    TATU_NETD_FAULTS(TATU_NETD_FAULT_ENUM)
#undef TATU_NETD_FAULT_ENUM
};

/** What to answer. *out_number is an errno, or for the desk its number. */
enum tatu_err tatu_netd_tell_fault(enum tatu_netd_fault fault, bool desk, uint32_t *out_number);

#define NETD_TRY(expr)                                                                             \
    do {                                                                                           \
        enum tatu_netd_fault netd_try_ = (expr);                                                   \
        if (netd_try_ != TATU_NETD_OK) {                                                           \
            return netd_try_;                                                                      \
        }                                                                                          \
    } while (0)

#endif
