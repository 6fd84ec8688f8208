/* The one mutable file of each application, below a root in the store: ROOT/<component>/file. It is
 * root's; an application gets it as an open descriptor only, and its own limit on the size of files
 * is its quota. There is one inode for as long as the component is installed, so that descriptors
 * that stay open over a delete give no room beyond the quota.
 * Source: docs/protocol/storage.md. */
#ifndef TATU_APPS_STORAGE_H
#define TATU_APPS_STORAGE_H

#include "base/base.h"

#define TATU_APPS_STORAGE "/mnt/config/apps"

/* component is GUID text. Results are an errno; 0 is success. */

/** Opens the file to read and write, made empty if it is not there. uid: the user it is made for;
 * what is there and was made for another, or is no plain file of one name, is removed first. */
int tatu_apps_open_storage(const char *root, const char *component, uint32_t uid, int *out_fd);
/** ENOENT: there is none. */
int tatu_apps_delete_storage(const char *root, const char *component);
/** 0 when there is none. */
uint64_t tatu_apps_get_stored(const char *root, const char *component);

/**
 * Removes the folder of every component for which `keeps` says no, and whatever else lies in root.
 * Returns how many were removed. Errors (in *out_err): IO one could not be removed.
 */
size_t tatu_apps_sweep_storage(const char *root, bool (*keeps)(void *context, const char *name),
                               void *context, enum tatu_err *out_err);

#endif
