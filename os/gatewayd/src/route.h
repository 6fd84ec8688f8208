/*
 * The routes of the device API: which request goes where, who may make it, what its body is.
 * Source: docs/protocol/device-api.md §3.
 */
#ifndef TATU_GATEWAYD_ROUTE_H
#define TATU_GATEWAYD_ROUTE_H

#include <jansson.h>

#include "http.h"
#include "os/gatewayd/gatewayd.h"
#include "proto/device_errors.h"
#include "reply.h"

#define TATU_ROUTE_PARAMETER_MAX 64u /* bytes of a name in a path, with the NUL */
#define TATU_ROUTE_JSON_MAX 32768u   /* bytes of a JSON body: two PEM files and their escapes */
#define TATU_ROUTE_IMAGE_MAX                                                                       \
    0x300000u /* bytes of an image: what the regions of applications hold */
#define TATU_ROUTE_SPOOL_MAX                                                                       \
    0x80000u                   /* bytes of one whose length is told by its end, which is held */
#define TATU_ROUTE_CHUNK 3840u /* bytes of an image that are passed on at once: pages of flash */

enum tatu_route_body {
    TATU_ROUTE_NO_BODY, /* one that comes is not looked at */
    TATU_ROUTE_TEXT,    /* the same; of a type other than text it is refused */
    TATU_ROUTE_JSON,    /* must be there */
    TATU_ROUTE_OPTIONAL_JSON,
    TATU_ROUTE_STREAM, /* application/octet-stream, passed on as it comes */
};

enum tatu_route_authoriser {
    TATU_ROUTE_OPEN,
    TATU_ROUTE_CAPABLE,     /* development, servicing, or not yet complete */
    TATU_ROUTE_DEVELOPMENT, /* development, or not yet complete */
};

/* Statuses that the API's description has for a route. */
#define TATU_ROUTE_CAPABILITY_MAX 1024u /* bytes of a capability file with its signature */
#define TATU_ROUTE_400 1u
#define TATU_ROUTE_404 2u
#define TATU_ROUTE_409 4u
#define TATU_ROUTE_415 8u

struct tatu_call;
typedef void (*tatu_route_act)(const struct tatu_gateway *gateway, const struct tatu_call *call,
                               struct tatu_reply *reply);

struct tatu_route {
    enum tatu_http_method method;
    const char *path; /* "{}" is a name */
    enum tatu_route_authoriser authoriser;
    enum tatu_route_body body;
    unsigned statuses; /* TATU_ROUTE_4xx */
    uint32_t refusal;  /* number when it is not authorised; 0: COMMAND_AUTHORIZATION_FAILED */
    tatu_route_act act;
};

/** A request to act on. */
struct tatu_call {
    const struct tatu_route *route;
    char name[TATU_ROUTE_PARAMETER_MAX]; /* of the path */
    const json_t *json;                  /* the body; NULL for none */
    uint32_t capabilities;               /* that this connection brought */
};

/** Finds the route; *out_allow are the path's methods. Errors: NOT_FOUND no such path;
 * UNKNOWN_COMMAND it has no such method; ARGUMENT, LONG a name in it. */
enum tatu_err tatu_route_find(const struct tatu_http_head *head, struct tatu_call *out,
                              char out_allow[64]);

/** Whether the caller may. Errors: DENIED; the vault's. */
enum tatu_err tatu_route_authorise(const struct tatu_gateway *gateway,
                                   const struct tatu_call *call);

/** Acts on a request whose body is here (NULL, 0 for none). */
void tatu_route_act_on(const struct tatu_gateway *gateway, struct tatu_call *call,
                       struct tatu_span body, struct tatu_reply *reply);

/** Refuses: the number decides about the status, as far as the route has it. */
void tatu_route_refuse(const struct tatu_route *route, uint32_t number, enum tatu_err err,
                       struct tatu_reply *reply);
/** 403, with the route's own number. */
void tatu_route_forbid(const struct tatu_route *route, struct tatu_reply *reply);
/** What is wrong before there is a route. */
void tatu_route_refuse_http(uint16_t status, uint32_t number, struct tatu_reply *reply);
/** Refuses for what another process answered: its number, or one that says what failed. */
void tatu_route_refuse_asked(const struct tatu_call *call, uint32_t number, enum tatu_err err,
                             struct tatu_reply *reply);

/** Reads the component of the path. False: it was refused. */
bool tatu_route_get_component(const struct tatu_call *call, uint8_t out[16],
                              struct tatu_reply *reply);

/* An image on its way in; number is the original's error. */
enum tatu_err tatu_stage_begin(const struct tatu_gateway *gateway, uint32_t len,
                               uint32_t *out_number);
enum tatu_err tatu_stage_put(const struct tatu_gateway *gateway, uint32_t offset,
                             struct tatu_span bytes, uint32_t *out_number);
enum tatu_err tatu_stage_end(const struct tatu_gateway *gateway, uint32_t *out_number);

/* The handlers, by file. */
#define TATU_API(name)                                                                             \
    void tatu_api_##name(const struct tatu_gateway *, const struct tatu_call *, struct tatu_reply *)
/* device.c */
TATU_API(get_status);
TATU_API(get_os_version);
TATU_API(get_security_state);
TATU_API(get_capabilities);
TATU_API(get_manufacturing_state);
TATU_API(put_manufacturing_state);
TATU_API(post_restart);
TATU_API(get_abi_versions);
TATU_API(post_claim);
TATU_API(post_capability);
TATU_API(delete_capability);
TATU_API(get_log);
TATU_API(get_app_log);
TATU_API(get_telemetry);
TATU_API(delete_telemetry);
/* apps.c */
TATU_API(get_app_status);
TATU_API(patch_app_status);
TATU_API(delete_app);
TATU_API(get_app_quota);
TATU_API(get_images);
TATU_API(get_memory);
TATU_API(get_power);
TATU_API(post_install);
/* certs.c */
TATU_API(get_certs);
TATU_API(get_cert);
TATU_API(post_cert);
TATU_API(delete_cert);
TATU_API(get_cert_space);
/* net.c */
TATU_API(get_rulesets);
TATU_API(get_interfaces);
TATU_API(get_interface);
TATU_API(patch_interface);
TATU_API(get_proxy);
TATU_API(post_proxy);
TATU_API(delete_proxy);
TATU_API(get_net_status);
/* wifi.c */
TATU_API(get_wifi_networks);
TATU_API(post_wifi_network);
TATU_API(get_wifi_network);
TATU_API(patch_wifi_network);
TATU_API(delete_wifi_network);
TATU_API(get_wifi_failures);
TATU_API(get_wifi_failure);
TATU_API(get_wifi_interface);
TATU_API(patch_wifi_interface);
TATU_API(get_wifi_scan);

#endif
