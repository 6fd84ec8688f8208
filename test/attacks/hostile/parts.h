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

/** For ever: connects to the sockets of control and signing as fast as it can, and keeps the
 * processor busy. */
void hunger_hammer(void);

/** For ever: lines of output. */
void hunger_flood(void);

/** Processes, crashes, then memory without end. */
void hunger_attack(void);

#endif
