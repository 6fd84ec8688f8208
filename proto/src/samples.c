#include "samples.h"

#include <string.h>

#include "proto/image.h"
#include "proto/mailbox.h"

const uint8_t sample_ueid_digest[32] = {
    0x9a, 0xed, 0x5f, 0xce, 0x4b, 0xb6, 0x0c, 0x40, 0xcb, 0x8a, 0x29, 0x83, 0xb4, 0x35, 0x40, 0xad,
    0xb4, 0xc8, 0xac, 0x8a, 0xa1, 0xef, 0x1f, 0x20, 0xde, 0x57, 0x52, 0x6f, 0x9e, 0xd8, 0x6e, 0x38,
};

struct tatu_evidence sample_evidence(void)
{
    static const uint16_t types[] = {TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR, TATU_IMAGE_DTB,
                                     TATU_IMAGE_KERNEL, TATU_IMAGE_ROOT};
    struct tatu_evidence evidence = {
        .lifecycle = 3,
        .board_class = TATU_CLASS_VIRTUAL,
        .boot_set = 1,
        .fallback = true,
        .mode = TATU_BOOT_RENEW,
        .capabilities = 0x2800, /* 11 and 13 */
        .boot_count = 300,
        .uptime_ms = 5000000000,
        .measurement_count = TATU_COUNT_OF(types),
        .app_count = 2,
        .tenant_count = 1,
    };
    memset(evidence.nonce, 0x22, sizeof(evidence.nonce));
    memset(evidence.device_id, 0x11, sizeof(evidence.device_id));
    memset(evidence.implementation, 0x33, sizeof(evidence.implementation));
    memset(evidence.update_key, 0x44, 32);
    memset(evidence.update_key + 32, 0x45, 32);
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        evidence.measurements[i].image_type = types[i];
        evidence.measurements[i].security_version = i == 0 ? 0 : 4294967295u / i;
        memset(evidence.measurements[i].digest, (int)(0x50 + i), 32);
    }
    for (size_t i = 0; i < evidence.app_count; i++) {
        memset(evidence.apps[i].component, (int)(0x60 + i), 16);
        memset(evidence.apps[i].image, (int)(0x70 + i), 16);
        memset(evidence.apps[i].digest, (int)(0x80 + i), 32);
    }
    memset(evidence.tenants[0].tenant, 0x90, 16);
    memset(evidence.tenants[0].component, 0x60, 16);
    memset(evidence.tenants[0].key, 0x91, 64);
    return evidence;
}

struct tatu_endorsement sample_endorsement(void)
{
    struct tatu_endorsement e = {.board_class = TATU_CLASS_LAB, .made_s = 1767225600};
    memset(e.device_id, 0x11, sizeof(e.device_id));
    memset(e.attestation, 0x12, sizeof(e.attestation));
    memset(e.implementation, 0x33, sizeof(e.implementation));
    return e;
}

struct tatu_claim sample_claim(void)
{
    struct tatu_claim claim;
    memset(claim.nonce, 0x22, sizeof(claim.nonce));
    memset(claim.device_id, 0x11, sizeof(claim.device_id));
    memset(claim.tenant, 0x90, sizeof(claim.tenant));
    memset(claim.owner_key, 0x92, sizeof(claim.owner_key));
    return claim;
}

struct tatu_signed_time sample_time(void)
{
    struct tatu_signed_time t = {.unix_s = 1767225600};
    memset(t.nonce, 0x22, sizeof(t.nonce));
    return t;
}

struct tatu_confirmation sample_confirmation(void)
{
    struct tatu_confirmation c = {.floors = {1, 24, 64, 0}};
    memset(c.implementation, 0x33, sizeof(c.implementation));
    return c;
}

struct tatu_ticket sample_ticket(void)
{
    struct tatu_ticket ticket = {.grace_s = 86400};
    memset(ticket.device_id, 0x11, sizeof(ticket.device_id));
    memset(ticket.nonce, 0x22, sizeof(ticket.nonce));
    return ticket;
}

struct tatu_deployment sample_deployment(void)
{
    struct tatu_deployment d = {.issued_s = 1767225600, .sequence = 7, .image_count = 2};
    memset(d.device_id, 0x11, sizeof(d.device_id));
    memset(d.deployment, 0xd0, sizeof(d.deployment));
    for (size_t i = 0; i < d.image_count; i++) {
        memset(d.images[i].image, (int)(0x70 + i), 16);
        memset(d.images[i].component, (int)(0x60 + i), 16);
        memset(d.images[i].digest, (int)(0x80 + i), 32);
        d.images[i].size_bytes = 20480;
    }
    return d;
}

struct tatu_reference sample_reference(void)
{
    struct tatu_reference r = {.release = "26.11", .measurement_count = 2, .current = true};
    memset(r.implementation, 0x33, sizeof(r.implementation));
    r.measurements[0].image_type = TATU_IMAGE_VAULT_RUNTIME;
    r.measurements[1].image_type = TATU_IMAGE_MONITOR;
    r.measurements[1].security_version = 70000;
    memset(r.measurements[0].digest, 0x50, 32);
    memset(r.measurements[1].digest, 0x51, 32);
    return r;
}

struct tatu_crash sample_crash(void)
{
    static uint8_t stack[256];
    struct tatu_crash crash = {
        .signal = 11,
        .signal_code = 1,
        .fault_address = 0xdeadbeef,
        .unix_s = 1767225600,
        .module_count = 2,
        .modules = {{.base = 0x10000, .size = 0x4000, .build_id_len = 20, .name = "/app/bin/app"},
                    {.base = 0xb6f00000, .size = 0x90000, .name = "/lib/libc.so.1"}},
        .thread_count = 1,
        .pid = 42,
    };
    memset(crash.component, 0x60, 16);
    memset(crash.image, 0x70, 16);
    memset(crash.modules[0].build_id, 0xb1, 20);
    memset(stack, 0x5c, sizeof(stack));
    for (size_t i = 0; i < 17; i++) {
        crash.threads[0].registers[i] = (uint32_t)(0x1000 + i);
    }
    crash.threads[0].stack_base = 0xbeff0000;
    crash.threads[0].stack = TATU_SPAN_OF(stack);
    return crash;
}

struct tatu_boot_failure sample_boot_failure(void)
{
    return (struct tatu_boot_failure){
        .set = 1, .image_type = TATU_IMAGE_KERNEL, .err = TATU_ERR_DIGEST, .boot_count = 70000};
}

struct tatu_event sample_event(void)
{
    struct tatu_event event = {.kind = TATU_EVENT_APP_SIGNAL, .code = 11, .unix_s = 1767225600};
    memset(event.component, 0x60, 16);
    memset(event.image, 0x70, 16);
    return event;
}
