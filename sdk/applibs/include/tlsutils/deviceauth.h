/* The device's daily certificate. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Path of the application's daily certificate (PEM, the catalog's CA behind it). The file is
 * replaced when the certificate is renewed. Returns a string that lives as long as the program, or
 * NULL when the manifest has no DeviceAuthentication.
 */
const char *DeviceAuth_GetCertificatePath(void);

#ifdef __cplusplus
}
#endif
