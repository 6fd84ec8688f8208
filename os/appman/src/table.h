/* The static table of OS services. */
#ifndef TATU_OS_APPMAN_TABLE_H
#define TATU_OS_APPMAN_TABLE_H

#include "os/appman/appman.h"

extern const struct tatu_appman_service tatu_appman_table[];
extern const size_t tatu_appman_table_count;

#define TATU_APPMAN_GROUP_VAULT 10 /* may open /dev/security-monitor */
#define TATU_APPMAN_GROUP_UPDATE 20
#define TATU_APPMAN_GROUP_ASK 21 /* may ask appman and updated */

#define TATU_APPMAN_UID_FIRST 110
#define TATU_APPMAN_UID_NETD 110
#define TATU_APPMAN_UID_ATTESTD 111
#define TATU_APPMAN_UID_UPDATED 112
#define TATU_APPMAN_UID_GATEWAYD 113
#define TATU_APPMAN_UID_LAST 119

#endif
