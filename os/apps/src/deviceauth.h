/* The folder of each application's daily certificate: who is to have one, for attestd to see. */
#ifndef TATU_APPS_DEVICEAUTH_H
#define TATU_APPS_DEVICEAUTH_H

#include "state.h"

#define TATU_APPS_DEVICEAUTH "/run/deviceauth"

/**
 * Makes ROOT/<component>/ with the file `tenant` for each application whose manifest asks for
 * DeviceAuthentication, and removes the folders of all others. What attestd keeps in a folder that
 * stays is not touched: an update of an application keeps its certificate.
 *
 * Returns whether anything changed.
 */
bool tatu_apps_sync_deviceauth(const struct tatu_apps *apps, const char *root);

/** Whether attestd has put a certificate there that is not past its day. */
bool tatu_apps_has_certificate(const struct tatu_app *app, const char *root, int64_t now_s);

#endif
