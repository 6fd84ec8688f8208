/*
 * What the system is about to do: updates that are ready, and putting them off. The manifest's
 * SystemEventNotifications lets an application be told, SoftwareUpdateDeferral put off.
 */
#pragma once

#include <stdint.h>

#include <applibs/eventloop.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Events, as bits of a mask. */
typedef uint32_t SysEvent_Events;
enum {
    SysEvent_Events_None = 0x00,
    SysEvent_Events_UpdateReadyForInstall = 0x01,
    SysEvent_Events_UpdateStarted = 0x02, /**< it is being downloaded */
    SysEvent_Events_NoUpdateAvailable = 0x04,
    SysEvent_Events_Mask = 0x07,
};

/** How far an event is. */
typedef enum {
    SysEvent_Status_Invalid = 0,  /**< of events that only happen */
    SysEvent_Status_Pending = 1,  /**< in ten seconds, unless it is put off */
    SysEvent_Status_Final = 2,    /**< in ten seconds, and no more to be put off */
    SysEvent_Status_Deferred = 3, /**< it was put off */
    SysEvent_Status_Complete = 4,
} SysEvent_Status;

/** What an update is of. */
typedef enum {
    SysEvent_UpdateType_Invalid = 0,
    SysEvent_UpdateType_App = 1,
    SysEvent_UpdateType_System = 2,
} SysEvent_UpdateType;

/** More about an event; only inside its callback. */
typedef struct SysEvent_Info SysEvent_Info;

/** What SysEvent_Info_GetUpdateData tells. */
typedef struct SysEvent_Info_UpdateData {
    unsigned int max_deferral_time_in_minutes; /**< that it can still be put off by */
    SysEvent_UpdateType update_type;
} SysEvent_Info_UpdateData;

typedef void (*SysEvent_EventsCallback)(SysEvent_Events event, SysEvent_Status status,
                                        const SysEvent_Info *info, void *context);

/**
 * Calls back for each event of a mask, from EventLoop_Run of el. An application has one such
 * registration; a new one, of another loop, takes the place of the old.
 *
 * Returns a registration, to be ended before its loop, or NULL and errno:
 *   EFAULT  el or callback is NULL
 *   EINVAL  no event in the mask, or one that does not exist
 *   EBUSY   this loop has a registration already
 *   EACCES  no SystemEventNotifications
 *   ENOMEM
 *   EIO     the system does not answer
 */
EventRegistration *SysEvent_RegisterForEventNotifications(EventLoop *el,
                                                          SysEvent_Events eventBitmask,
                                                          SysEvent_EventsCallback callback,
                                                          void *context);

/** Ends a registration; allowed inside its callback. Returns 0, or -1 and errno: EFAULT reg is
 * NULL, EINVAL it is not one of system events. */
int SysEvent_UnregisterForEventNotifications(EventRegistration *reg);

/** Tells about the update of UpdateReadyForInstall. Returns 0, or -1 and errno: EFAULT, EINVAL
 * another event. */
int SysEvent_Info_GetUpdateData(const SysEvent_Info *info, SysEvent_Info_UpdateData *update_info);

/**
 * Puts an event off that is Pending or Deferred: only UpdateReadyForInstall can be.
 * Returns 0, or -1 and errno:
 *   EACCES  no SoftwareUpdateDeferral
 *   EINVAL  another event, or 0 minutes
 *   ERANGE  more minutes than are left
 *   ENOENT  there is nothing to put off now
 *   EIO     the system does not answer
 */
int SysEvent_DeferEvent(SysEvent_Events event, uint32_t requestedDefermentTimeInMinutes);

/** Lets an event that was put off happen now. Returns and errno as above; ENOENT nothing was put
 * off. */
int SysEvent_ResumeEvent(SysEvent_Events event);

#ifdef __cplusplus
}
#endif
