/* Every handler, by file. context is a struct work. */
#ifndef HANDLERS_H
#define HANDLERS_H

#include "work.h"

#define HANDLER(name)                                                                              \
    enum tatu_err name(void *context, const struct tatu_http_request *request,                     \
                       struct tatu_http_answer *answer)

/* arm_catalog.c */
HANDLER(arm_put_catalog);
HANDLER(arm_get_catalog);
HANDLER(arm_list_catalogs);
HANDLER(arm_delete_catalog);
HANDLER(arm_list_certificates);
HANDLER(arm_get_certificate);
HANDLER(arm_get_chain);
HANDLER(arm_list_insights);
/* arm_product.c */
HANDLER(arm_put_product);
HANDLER(arm_get_product);
HANDLER(arm_list_products);
HANDLER(arm_make_groups);
HANDLER(arm_put_group);
HANDLER(arm_get_group);
HANDLER(arm_list_groups);
/* arm_device.c */
HANDLER(arm_claim_device);
HANDLER(arm_get_device);
HANDLER(arm_list_devices);
HANDLER(arm_list_catalog_devices);
HANDLER(arm_count_devices);
HANDLER(arm_move_device);
/* arm_image.c */
HANDLER(arm_put_image);
HANDLER(arm_get_image);
HANDLER(arm_list_images);
HANDLER(arm_put_deployment);
HANDLER(arm_get_deployment);
HANDLER(arm_list_deployments);
/* tatu_keys.c */
HANDLER(tatu_get_health);
HANDLER(tatu_get_keys);
HANDLER(tatu_put_maker);
HANDLER(tatu_list_makers);
HANDLER(tatu_put_release_key);
HANDLER(tatu_list_release_keys);
HANDLER(tatu_import);
HANDLER(tatu_put_reference);
HANDLER(tatu_list_references);
HANDLER(tatu_make_claim_nonce);
HANDLER(tatu_list_audit);
/* tatu_failures.c */
HANDLER(tatu_put_symbols);
HANDLER(tatu_list_symbols);
HANDLER(tatu_list_devices);
HANDLER(tatu_get_device);
HANDLER(tatu_list_crashes);
HANDLER(tatu_get_crash);
HANDLER(tatu_list_events);
/* device.c */
HANDLER(device_get_time);
HANDLER(device_get_nonce);
HANDLER(device_attest);
HANDLER(device_get_deployment);
HANDLER(device_get_image);
HANDLER(device_put_report);

#endif
