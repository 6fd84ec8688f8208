#include "os/manifest/admission.h"

#include "value.h"

/* One question about an application that wants in, in the order in which they are answered. */
struct check {
    bool (*is_refused)(const struct tatu_admission *admission, const struct tatu_manifest *manifest,
                       const struct tatu_manifest_cost *cost);
    uint32_t number;
    enum tatu_err err;
};

static bool is_over(uint32_t used, uint32_t more, uint32_t max)
{
    return more > max || used > max - more;
}

static bool share_port(const struct tatu_admission_ports *taken,
                       const struct tatu_manifest_ports *wanted)
{
    for (size_t i = 0; i < taken->count; i++) {
        if (tatu_manifest_has_port(wanted, taken->ports[i])) {
            return true;
        }
    }
    return false;
}

#define CHECK(name)                                                                                \
    static bool name(const struct tatu_admission *admission __attribute__((unused)),               \
                     const struct tatu_manifest *manifest __attribute__((unused)),                 \
                     const struct tatu_manifest_cost *cost __attribute__((unused)))

CHECK(are_too_many)
{
    return admission->app_count >= TATU_ADMISSION_APP_MAX;
}

static bool is_one_too_many(const struct tatu_admission *admission,
                            const struct tatu_manifest *manifest, enum tatu_manifest_type type,
                            uint32_t max)
{
    return manifest->type == type && admission->type_count[type] >= max;
}

CHECK(is_second_debugger)
{
    return is_one_too_many(admission, manifest, TATU_MANIFEST_DEBUGGER,
                           TATU_ADMISSION_DEBUGGER_MAX);
}

CHECK(has_no_core)
{
    return is_one_too_many(admission, manifest, TATU_MANIFEST_REAL_TIME,
                           TATU_ADMISSION_REAL_TIME_MAX);
}

CHECK(has_taken_port)
{
    return share_port(&admission->tcp, &manifest->tcp) ||
           share_port(&admission->udp, &manifest->udp);
}

CHECK(has_taken_gpio)
{
    for (size_t pin = 0; pin < TATU_MANIFEST_GPIO_MAX; pin++) {
        if (admission->gpio[pin] && manifest->gpio[pin]) {
            return true;
        }
    }
    return false;
}

CHECK(has_taken_peripheral)
{
    for (size_t i = 0; i < TATU_COUNT_OF(manifest->peripherals); i++) {
        if ((admission->peripherals[i] & manifest->peripherals[i]) != 0) {
            return true;
        }
    }
    return false;
}

CHECK(has_taken_unit)
{
    return tatu_manifest_share_unit(admission->peripherals, manifest->peripherals);
}

CHECK(wants_too_much_storage)
{
    return is_over(admission->storage_kb, manifest->storage_kb, TATU_ADMISSION_STORAGE_KB_MAX);
}

CHECK(is_too_large)
{
    return cost->flash > TATU_ADMISSION_FLASH_MAX;
}

CHECK(has_no_flash)
{
    return is_over(admission->flash, cost->flash, TATU_ADMISSION_FLASH_MAX);
}

CHECK(has_no_memory)
{
    return is_over(admission->ram, cost->ram, TATU_ADMISSION_RAM_MAX);
}

static const struct check checks[] = {
    {are_too_many, TATU_NUMBER_IMAGE_UPDATE_BAD_IMAGE_COUNT, TATU_ERR_FULL},
    {has_no_core, TATU_NUMBER_APP_MANAGER_NO_CORE_AVAILABLE, TATU_ERR_FULL},
    {is_second_debugger, TATU_NUMBER_APP_MANAGER_DEBUGGER_ALREADY_LOADED, TATU_ERR_EXISTS},
    {has_taken_port, TATU_NUMBER_LIFETIME_MANAGER_DUPLICATE_TCP_UDP_PORT_DETECTED, TATU_ERR_EXISTS},
    {has_taken_gpio, TATU_NUMBER_PERIPHERAL_REQUESTED_GPIO_ALREADY_IN_USE, TATU_ERR_EXISTS},
    {has_taken_peripheral, TATU_NUMBER_PERIPHERAL_REQUESTED_PERIPHERAL_ALREADY_IN_USE,
     TATU_ERR_EXISTS},
    {has_taken_unit, TATU_NUMBER_APP_MANAGER_REQUESTED_PINS_ALREADY_USED, TATU_ERR_EXISTS},
    {wants_too_much_storage, TATU_NUMBER_PERMISSIONS_REQUESTED_SPACE_NOT_AVAILABLE, TATU_ERR_FULL},
    {is_too_large, TATU_NUMBER_IMAGE_UPDATE_IMAGE_EXCEEDS_COMPONENT_SIZE_LIMIT, TATU_ERR_FULL},
    {has_no_flash, TATU_NUMBER_IMAGE_UPDATE_FAILED_TO_FIND_FREE_SPACE, TATU_ERR_FULL},
    {has_no_memory, TATU_NUMBER_REST_OUT_OF_MEMORY, TATU_ERR_FULL},
};

static void take_ports(const struct tatu_manifest_ports *wanted, struct tatu_admission_ports *out)
{
    for (size_t i = 0; i < wanted->count; i++) {
        out->ports[out->count++] = wanted->ports[i];
    }
}

static void take(struct tatu_admission *admission, const struct tatu_manifest *manifest,
                 const struct tatu_manifest_cost *cost)
{
    for (size_t pin = 0; pin < TATU_MANIFEST_GPIO_MAX; pin++) {
        admission->gpio[pin] = admission->gpio[pin] || manifest->gpio[pin];
    }
    for (size_t i = 0; i < TATU_COUNT_OF(manifest->peripherals); i++) {
        admission->peripherals[i] |= manifest->peripherals[i];
    }
    take_ports(&manifest->tcp, &admission->tcp);
    take_ports(&manifest->udp, &admission->udp);
    admission->app_count++;
    admission->type_count[manifest->type]++;
    admission->storage_kb += manifest->storage_kb;
    admission->flash += cost->flash;
    admission->ram += cost->ram;
}

enum tatu_err tatu_manifest_admit(struct tatu_admission *admission,
                                  const struct tatu_manifest *manifest,
                                  const struct tatu_manifest_cost *cost, uint32_t *out_number)
{
    for (size_t i = 0; i < TATU_COUNT_OF(checks); i++) {
        if (checks[i].is_refused(admission, manifest, cost)) {
            *out_number = checks[i].number;
            return checks[i].err;
        }
    }
    take(admission, manifest, cost);
    *out_number = 0;
    return TATU_OK;
}
