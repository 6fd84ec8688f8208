/* Event loop of high-level applications: readiness of file descriptors, one thread per loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct EventLoop EventLoop;
typedef struct EventRegistration EventRegistration;

typedef uint32_t EventLoop_IoEvents;
enum {
    EventLoop_None = 0x00,
    EventLoop_Input = 0x01,
    EventLoop_Output = 0x04,
    EventLoop_Error = 0x08,
};

typedef enum {
    EventLoop_Run_Failed = -1,
    EventLoop_Run_FinishedEmpty = 0,
    EventLoop_Run_Finished = 1,
} EventLoop_Run_Result;

typedef void EventLoopIoCallback(EventLoop *el, int fd, EventLoop_IoEvents events, void *context);

/** Returns a new loop, or NULL and errno (ENOMEM, EMFILE). */
EventLoop *EventLoop_Create(void);

/** Ends a loop and all registrations that are left in it. NULL is allowed. */
void EventLoop_Close(EventLoop *el);

/**
 * Waits for events and calls their callbacks.
 * durationInMilliseconds  -1 without limit, 0 only what is ready now
 * processOneEvent         return after the first callback
 * Returns Finished when a callback ran or EventLoop_Stop ended it, FinishedEmpty when the time ran
 * out, Failed and errno: EFAULT el is NULL, EINVAL a duration below -1, EINTR a signal came, EBUSY
 * called from one of its callbacks.
 */
EventLoop_Run_Result EventLoop_Run(EventLoop *el, int durationInMilliseconds, bool processOneEvent);

/** A descriptor that is readable when events are pending; it belongs to the loop. -1 and EFAULT
 * when el is NULL. */
int EventLoop_GetWaitDescriptor(EventLoop *el);

/** Makes the present or next EventLoop_Run return. Returns 0, or -1 and errno: EFAULT. */
int EventLoop_Stop(EventLoop *el);

/** Calls back when fd has one of eventBitmask. Returns a registration, or NULL and errno: EFAULT,
 * EINVAL (events), EBADF, EEXIST (fd is registered), ENOMEM. */
EventRegistration *EventLoop_RegisterIo(EventLoop *el, int fd, EventLoop_IoEvents eventBitmask,
                                        EventLoopIoCallback *callback, void *context);

/** Changes the events of a registration. Returns 0, or -1 and errno: EFAULT, EINVAL. */
int EventLoop_ModifyIoEvents(EventLoop *el, EventRegistration *reg,
                             EventLoop_IoEvents eventBitmask);

/** Ends a registration; allowed inside callbacks, its own too. Returns 0, or -1 and errno: EFAULT,
 * EINVAL (not of this loop). */
int EventLoop_UnregisterIo(EventLoop *el, EventRegistration *reg);

#ifdef __cplusplus
}
#endif
