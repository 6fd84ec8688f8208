#include "routes.h"

#include "handlers.h"

#define SUB "/subscriptions/{sub}"
#define PROVIDER "/providers/Microsoft.AzureSphere"
#define CATALOGS SUB "/resourceGroups/{rg}" PROVIDER "/catalogs"
#define CATALOG CATALOGS "/{catalog}"
#define PRODUCT CATALOG "/products/{product}"
#define GROUP PRODUCT "/deviceGroups/{group}"
#define OWN_GROUP "catalogs/{rg}/{catalog}/products/{product}/deviceGroups/{group}"

/* Requests that read, that write, that only ask by POST. */
#define ARM_GET(pattern, handler)                                                                  \
    {                                                                                              \
        TATU_HTTP_GET, pattern, TATU_HTTP_TOKEN, 0, ROUTE_ARM, handler                             \
    }
#define ARM_WRITE(method, pattern, max, handler)                                                   \
    {                                                                                              \
        TATU_HTTP_##method, pattern, TATU_HTTP_TOKEN, max, ROUTE_ARM | ROUTE_WRITES, handler       \
    }
#define ARM_ASK(pattern, handler)                                                                  \
    {                                                                                              \
        TATU_HTTP_POST, pattern, TATU_HTTP_TOKEN, ROUTES_JSON_BODY_MAX, ROUTE_ARM, handler         \
    }
#define OWN_GET(pattern, handler)                                                                  \
    {                                                                                              \
        TATU_HTTP_GET, "/tatu/v1/" pattern, TATU_HTTP_TOKEN, 0, 0, handler                         \
    }
#define OWN_WRITE(method, pattern, max, handler)                                                   \
    {                                                                                              \
        TATU_HTTP_##method, "/tatu/v1/" pattern, TATU_HTTP_TOKEN, max, ROUTE_WRITES, handler       \
    }

const struct tatu_http_route tatu_api_routes_operator[] = {
    ARM_GET(SUB PROVIDER "/catalogs", tatu_api_list_catalogs),
    ARM_GET(CATALOGS, tatu_api_list_catalogs),
    ARM_WRITE(PUT, CATALOG, ROUTES_JSON_BODY_MAX, tatu_api_put_catalog),
    ARM_GET(CATALOG, tatu_api_get_catalog),
    ARM_WRITE(DELETE, CATALOG, 0, tatu_api_delete_catalog),
    ARM_GET(CATALOG "/certificates", tatu_api_list_certificates),
    ARM_GET(CATALOG "/certificates/{serial}", tatu_api_get_certificate),
    ARM_ASK(CATALOG "/certificates/{serial}/retrieveCertChain", tatu_api_get_chain),
    ARM_ASK(CATALOG "/listDeviceInsights", tatu_api_list_insights),
    ARM_ASK(CATALOG "/listDevices", tatu_api_list_catalog_devices),
    ARM_ASK(CATALOG "/countDevices", tatu_api_count_devices),
    ARM_GET(CATALOG "/products", tatu_api_list_products),
    ARM_WRITE(PUT, PRODUCT, ROUTES_JSON_BODY_MAX, tatu_api_put_product),
    ARM_GET(PRODUCT, tatu_api_get_product),
    ARM_WRITE(POST, PRODUCT "/generateDefaultDeviceGroups", ROUTES_JSON_BODY_MAX,
              tatu_api_make_groups),
    ARM_GET(PRODUCT "/deviceGroups", tatu_api_list_groups),
    ARM_WRITE(PUT, GROUP, ROUTES_JSON_BODY_MAX, tatu_api_put_group),
    ARM_GET(GROUP, tatu_api_get_group),
    ARM_GET(GROUP "/devices", tatu_api_list_devices),
    ARM_WRITE(PUT, GROUP "/devices/{device}", ROUTES_JSON_BODY_MAX, tatu_api_claim_device),
    ARM_GET(GROUP "/devices/{device}", tatu_api_get_device),
    ARM_WRITE(POST, GROUP "/devices/{device}/generateCapabilityImage", ROUTES_JSON_BODY_MAX,
              tatu_api_make_capability),
    ARM_WRITE(PATCH, GROUP "/devices/{device}", ROUTES_JSON_BODY_MAX, tatu_api_move_device),
    ARM_GET(CATALOG "/images", tatu_api_list_images),
    ARM_WRITE(PUT, CATALOG "/images/{guid}", ROUTES_IMAGE_BODY_MAX, tatu_api_put_image),
    ARM_GET(CATALOG "/images/{guid}", tatu_api_get_image),
    ARM_GET(GROUP "/deployments", tatu_api_list_deployments),
    ARM_WRITE(PUT, GROUP "/deployments/{deployment}", ROUTES_JSON_BODY_MAX,
              tatu_api_put_deployment),
    ARM_GET(GROUP "/deployments/{deployment}", tatu_api_get_deployment),

    {TATU_HTTP_GET, "/tatu/v1/health", TATU_HTTP_OPEN, 0, 0, tatu_api_own_get_health},
    OWN_GET("keys", tatu_api_own_get_keys),
    OWN_GET("makers", tatu_api_own_list_makers),
    OWN_WRITE(PUT, "makers/{name}", ROUTES_JSON_BODY_MAX, tatu_api_own_put_maker),
    OWN_WRITE(POST, "makers/{name}/imports", ROUTES_IMPORT_BODY_MAX, tatu_api_own_import),
    OWN_GET("release-keys", tatu_api_own_list_release_keys),
    OWN_WRITE(PUT, "release-keys/{name}", ROUTES_JSON_BODY_MAX, tatu_api_own_put_release_key),
    OWN_GET("references", tatu_api_own_list_references),
    OWN_WRITE(PUT, "references", ROUTES_JSON_BODY_MAX, tatu_api_own_put_reference),
    {TATU_HTTP_POST, "/tatu/v1/catalogs/{rg}/{catalog}/claimNonce", TATU_HTTP_TOKEN,
     ROUTES_JSON_BODY_MAX, 0, tatu_api_own_make_claim_nonce},
    OWN_WRITE(PUT, "confirmations", ROUTES_JSON_BODY_MAX, tatu_api_own_put_confirmation),
    OWN_GET(OWN_GROUP, tatu_api_own_get_group),
    OWN_WRITE(PATCH, OWN_GROUP, ROUTES_JSON_BODY_MAX, tatu_api_own_patch_group),
    OWN_GET("symbols", tatu_api_own_list_symbols),
    OWN_WRITE(PUT, "symbols", ROUTES_SYMBOL_BODY_MAX, tatu_api_own_put_symbols),
    OWN_GET("devices", tatu_api_own_list_devices),
    OWN_GET("devices/{device}", tatu_api_own_get_device),
    OWN_GET("crashes", tatu_api_own_list_crashes),
    OWN_GET("crashes/{number}", tatu_api_own_get_crash),
    OWN_GET("events", tatu_api_own_list_events),
    OWN_GET("audit", tatu_api_own_list_audit),
};
const size_t tatu_api_routes_operator_count = TATU_COUNT_OF(tatu_api_routes_operator);

const struct tatu_http_route tatu_api_routes_front[] = {
    {TATU_HTTP_POST, "/device/v1/time", TATU_HTTP_OPEN, ROUTES_DEVICE_BODY_MAX, ROUTE_DATES,
     tatu_api_device_get_time},
    {TATU_HTTP_POST, "/device/v1/nonce", TATU_HTTP_OPEN, ROUTES_DEVICE_BODY_MAX, 0,
     tatu_api_device_get_nonce},
    {TATU_HTTP_POST, "/device/v1/attest", TATU_HTTP_OPEN, ROUTES_DEVICE_BODY_MAX, ROUTE_WRITES,
     tatu_api_device_attest},
};
const size_t tatu_api_routes_front_count = TATU_COUNT_OF(tatu_api_routes_front);

const struct tatu_http_route tatu_api_routes_update[] = {
    {TATU_HTTP_GET, "/device/v1/deployment", TATU_HTTP_DEVICE, 0, ROUTE_DATES,
     tatu_api_device_get_deployment},
    {TATU_HTTP_GET, "/device/v1/images/{hex32}", TATU_HTTP_DEVICE, 0, 0, tatu_api_device_get_image},
    {TATU_HTTP_POST, "/device/v1/ticket", TATU_HTTP_DEVICE, ROUTES_DEVICE_BODY_MAX, 0,
     tatu_api_device_get_ticket},
    {TATU_HTTP_GET, "/device/v1/confirmation", TATU_HTTP_DEVICE, 0, 0,
     tatu_api_device_get_confirmation},
    {TATU_HTTP_POST, "/device/v1/reports", TATU_HTTP_DEVICE, ROUTES_DEVICE_BODY_MAX, ROUTE_WRITES,
     tatu_api_device_put_report},
};
const size_t tatu_api_routes_update_count = TATU_COUNT_OF(tatu_api_routes_update);
