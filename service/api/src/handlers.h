/* Every handler, by file. context is a struct work. */
#ifndef HANDLERS_H
#define HANDLERS_H

#include "work.h"

#define HANDLER(name)                                                                              \
    enum tatu_err name(void *context, const struct tatu_http_request *request,                     \
                       struct tatu_http_answer *answer)

/* arm_catalog.c */
HANDLER(tatu_api_put_catalog);
HANDLER(tatu_api_get_catalog);
HANDLER(tatu_api_list_catalogs);
HANDLER(tatu_api_delete_catalog);
HANDLER(tatu_api_list_certificates);
HANDLER(tatu_api_get_certificate);
HANDLER(tatu_api_get_chain);
HANDLER(tatu_api_list_insights);
/* arm_product.c */
HANDLER(tatu_api_put_product);
HANDLER(tatu_api_get_product);
HANDLER(tatu_api_list_products);
HANDLER(tatu_api_make_groups);
HANDLER(tatu_api_put_group);
HANDLER(tatu_api_get_group);
HANDLER(tatu_api_list_groups);
/* arm_device.c */
HANDLER(tatu_api_claim_device);
HANDLER(tatu_api_get_device);
HANDLER(tatu_api_make_capability);
HANDLER(tatu_api_list_devices);
HANDLER(tatu_api_list_catalog_devices);
HANDLER(tatu_api_count_devices);
HANDLER(tatu_api_move_device);
/* arm_image.c */
HANDLER(tatu_api_put_image);
HANDLER(tatu_api_get_image);
HANDLER(tatu_api_list_images);
HANDLER(tatu_api_put_deployment);
HANDLER(tatu_api_get_deployment);
HANDLER(tatu_api_list_deployments);
/* tatu_keys.c */
HANDLER(tatu_api_own_get_health);
HANDLER(tatu_api_own_get_keys);
HANDLER(tatu_api_own_put_maker);
HANDLER(tatu_api_own_list_makers);
HANDLER(tatu_api_own_put_release_key);
HANDLER(tatu_api_own_list_release_keys);
HANDLER(tatu_api_own_import);
HANDLER(tatu_api_own_put_reference);
HANDLER(tatu_api_own_list_references);
HANDLER(tatu_api_own_make_claim_nonce);
HANDLER(tatu_api_own_put_confirmation);
HANDLER(tatu_api_own_list_audit);
/* tatu_renewal.c */
HANDLER(tatu_api_own_get_group);
HANDLER(tatu_api_own_patch_group);
/* tatu_failures.c */
HANDLER(tatu_api_own_put_symbols);
HANDLER(tatu_api_own_list_symbols);
HANDLER(tatu_api_own_list_devices);
HANDLER(tatu_api_own_get_device);
HANDLER(tatu_api_own_list_crashes);
HANDLER(tatu_api_own_get_crash);
HANDLER(tatu_api_own_list_events);
/* device.c */
HANDLER(tatu_api_device_get_time);
HANDLER(tatu_api_device_get_nonce);
HANDLER(tatu_api_device_attest);
HANDLER(tatu_api_device_get_deployment);
HANDLER(tatu_api_device_get_image);
HANDLER(tatu_api_device_get_ticket);
HANDLER(tatu_api_device_get_confirmation);
HANDLER(tatu_api_device_put_report);

#endif
