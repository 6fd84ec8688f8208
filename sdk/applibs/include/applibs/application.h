/* Other applications of this device, and whether this one may prove who it is. */
#pragma once

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Connects to a real-time application. Each send() on the socket is one message to it, each recv()
 * one of its own.
 *
 * componentId  of the peer, as in its manifest: 36 characters,
 * "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
 *
 * Returns a socket to be closed with close(), or -1 and errno:
 *   EFAULT        componentId is NULL
 *   EINVAL        it is not the text of a component id
 *   EACCES        one of the two manifests does not name the other in
 *                 AllowedApplicationConnections, or the peer is no real-time application
 *   ENOENT        no such application is installed
 *   ECONNREFUSED  it is installed and does not run
 *   EIO           the system does not answer
 */
int Application_Connect(const char *componentId);

/** The older name of Application_Connect. */
int Application_Socket(const char *componentId);

/**
 * Whether the daily certificate of the manifest's DeviceAuthentication is there and not past its
 * day, so that DeviceAuth_... functions and TLS with it can succeed.
 * Returns 0 and *outIsDeviceAuthReady, or -1 and errno: EFAULT it is NULL, EACCES the manifest has
 * no DeviceAuthentication, EIO the system does not answer.
 */
int Application_IsDeviceAuthReady(bool *outIsDeviceAuthReady);

#ifdef __cplusplus
}
#endif
