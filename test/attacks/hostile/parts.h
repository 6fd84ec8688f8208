/* The parts of the attack, in the order in which they are taken. */
#ifndef HOSTILE_PARTS_H
#define HOSTILE_PARTS_H

#include <stdint.h>

/** System calls that do not exist for an application, and namespaces. */
void calls_attack(void);

/** Files, devices and processes of others, and places to write. */
void files_attack(void);

/** Memory that can be written and run. */
void memory_attack(void);

/** Runs an instruction on the stack; only in a program that asked for such a stack. */
void memory_attack_stack(void);

/** Where the network attacks go. */
struct network_targets {
    const char *stranger;   /* an address that the manifest does not name */
    uint16_t stranger_port; /* where somebody listens */
    uint16_t friend_port;   /* the same at 10.0.2.2, which the manifest names */
};

/** Sockets that do not exist, hosts that the manifest does not name. */
void network_attack(const struct network_targets *targets);

/** The second application: what the first must not reach, and what it may reach itself. */
void network_serve_peer(const struct network_targets *targets);

/** Pins, the control socket, the signing socket. */
void peripherals_attack(void);

/** Waits for the application's certificate, and logs it line by line. */
void peripherals_tell_certificate(void);

/** Requests without the right to them, and the wire treated badly. */
void requests_attack(void);

/** The mutable file: its quota, what it must not show, code in it. */
void storage_attack(void);

/** For ever: a beat every 100 ms, told each second with how late the worst one was. */
void beat_keep(void);

/** Starts, reads what its mutable file keeps, tells it, and writes that it was here. */
void keeper_keep(void);

/** For ever: connects to the sockets of control and signing as fast as it can, and keeps the
 * processor busy. */
void hunger_hammer(void);

/** For ever: lines of output. */
void hunger_flood(void);

/** Processes, crashes, then memory without end. */
void hunger_attack(void);

/** What the kernel keeps for a process, without end: pipes, sockets, maps, timers, threads. */
void hunger_take(const char *what);

#endif
