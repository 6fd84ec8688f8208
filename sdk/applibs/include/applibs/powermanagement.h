/* The device's power. Each function needs its own word in the manifest's PowerControls. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/** What is more important: that little power is used, or that work is done soon. */
typedef enum PowerManagement_System_PowerProfile {
    PowerManagement_PowerSaver = 0,
    PowerManagement_Balanced = 1,
    PowerManagement_HighPerformance = 2,
} PowerManagement_System_PowerProfile;

/**
 * Restarts the device, some moments after it returned. ForceReboot.
 * Returns 0, or -1 and errno: EACCES no such capability, EBUSY it is on the way already, EIO the
 * system does not answer.
 */
int PowerManagement_ForceSystemReboot(void);

/**
 * Turns the device off, some moments after it returned. ForcePowerDown.
 *
 * maximum_residency_in_seconds  after which it starts again by itself; an external wake-up may come
 *                               earlier. At most ten years
 *
 * Returns and errno as above; EINVAL too long.
 */
int PowerManagement_ForceSystemPowerDown(unsigned int maximum_residency_in_seconds);

/** Chooses a profile, for all applications. SetPowerProfile. Returns and errno as above; EINVAL no
 * such profile. */
int PowerManagement_SetSystemPowerProfile(PowerManagement_System_PowerProfile desired_profile);

#ifdef __cplusplus
}
#endif
