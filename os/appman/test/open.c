/* For a test's probe in gatewayd's place: an appman that puts walls around all services but that
 * one. */
#include <string.h>

#include "machine.h"

/** The real one, by another name. */
enum tatu_err tatu_appman_restrict_others(const struct tatu_appman_service *service);

enum tatu_err tatu_appman_restrict_service(const struct tatu_appman_service *service)
{
    return strcmp(service->name, "gatewayd") == 0 ? TATU_OK : tatu_appman_restrict_others(service);
}
