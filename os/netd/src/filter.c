#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the programs compare network bytes");

/* Numbers as the programs see them in network order. */
#define NET_IPV4 0x0008
#define NET_IPV6 0xdd86
#define NET_OFFSET_BITS 0xff1f /* of the fragment field: which part of the datagram */
#define NET_PORT_DNS 0x3500
#define NET_MAPPED ((int)0xffff0000) /* bytes 8..11 of ::ffff:0:0 */
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define LOOPBACK_IFINDEX 1 /* in every network namespace */
#define IPV4_SIZE 20
#define IPV6_SIZE 40

/* The programs' stack, from its top. */
#define KEY (-16)
#define PORT (-24)
#define HEADER (-64)

#define R0 BPF_REG_0
#define R1 BPF_REG_1
#define R2 BPF_REG_2
#define R3 BPF_REG_3
#define R4 BPF_REG_4
#define R6 BPF_REG_6 /* the packet */
#define R7 BPF_REG_7 /* where TCP or UDP begins */
#define R8 BPF_REG_8 /* IP protocol; 0 when the ports are not in this packet */
#define FP BPF_REG_10

/* One instruction each, at its place `n`; jumps name the place they go to. */
#define MOV(n, to, from) [n] = {BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0}
#define SET(n, to, value) [n] = {BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value}
#define CALC(n, op, to, value) [n] = {BPF_ALU64 | (op) | BPF_K, to, 0, 0, value}
#define GET(n, size, to, from, at) [n] = {BPF_LDX | BPF_MEM | (size), to, from, at, 0}
#define PUT(n, size, to, at, from) [n] = {BPF_STX | BPF_MEM | (size), to, from, at, 0}
#define PUT_VALUE(n, size, to, at, value) [n] = {BPF_ST | BPF_MEM | (size), to, 0, at, value}
#define IF(n, op, reg, value, place) [n] = {BPF_JMP | (op) | BPF_K, reg, 0, (place) - (n)-1, value}
#define GO(n, place) [n] = {BPF_JMP | BPF_JA, 0, 0, (place) - (n)-1, 0}
#define CALL(n, function) [n] = {BPF_JMP | BPF_CALL, 0, 0, 0, function}
#define END(n) [n] = {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}
/* copies `size` bytes of the packet from its byte `from` to the stack; r0 is 0 when they are there
 */
#define COPY_PACKET(n, to, from, size)                                                             \
    MOV(n, R1, R6), SET((n) + 1, R2, from), MOV((n) + 2, R3, FP), CALC((n) + 3, BPF_ADD, R3, to),  \
        SET((n) + 4, R4, size), CALL((n) + 5, BPF_FUNC_skb_load_bytes)

/* Places. */
enum {
    P_IPV6 = 26,
    P_LOOK_UP = 39,
    P_MAP = P_LOOK_UP,
    P_PORT = 49,
    P_PASS = 59,
    P_DENY = 61,
    P_COUNT = 63,
};

/* Where the peer's address is in the IPv4 and in the IPv6 header, and its port. */
#define PROGRAM(peer4, peer6, peer_port)                                                           \
    {                                                                                              \
        MOV(0, R6, R1), GET(1, BPF_W, R2, R6, offsetof(struct __sk_buff, ifindex)),                \
            IF(2, BPF_JEQ, R2, LOOPBACK_IFINDEX, P_DENY),                                          \
            GET(3, BPF_W, R2, R6, offsetof(struct __sk_buff, protocol)),                           \
            IF(4, BPF_JEQ, R2, NET_IPV6, P_IPV6), IF(5, BPF_JNE, R2, NET_IPV4, P_DENY),            \
            COPY_PACKET(6, HEADER, 0, IPV4_SIZE), IF(12, BPF_JNE, R0, 0, P_DENY),                  \
            PUT_VALUE(13, BPF_DW, FP, KEY, 0), PUT_VALUE(14, BPF_W, FP, KEY + 8, NET_MAPPED),      \
            GET(15, BPF_W, R2, FP, HEADER + (peer4)), PUT(16, BPF_W, FP, KEY + 12, R2),            \
            GET(17, BPF_B, R7, FP, HEADER), CALC(18, BPF_AND, R7, 15), CALC(19, BPF_LSH, R7, 2),   \
            GET(20, BPF_B, R8, FP, HEADER + 9), GET(21, BPF_H, R2, FP, HEADER + 6),                \
            CALC(22, BPF_AND, R2, NET_OFFSET_BITS), IF(23, BPF_JEQ, R2, 0, P_LOOK_UP),             \
            SET(24, R8, 0), GO(25, P_LOOK_UP), COPY_PACKET(P_IPV6, HEADER, 0, IPV6_SIZE),          \
            IF(32, BPF_JNE, R0, 0, P_DENY), GET(33, BPF_DW, R2, FP, HEADER + (peer6)),             \
            PUT(34, BPF_DW, FP, KEY, R2), GET(35, BPF_DW, R2, FP, HEADER + (peer6) + 8),           \
            PUT(36, BPF_DW, FP, KEY + 8, R2), SET(37, R7, IPV6_SIZE),                              \
            GET(38, BPF_B, R8, FP, HEADER + 6),                                                    \
            [P_MAP] = {BPF_LD | BPF_IMM | BPF_DW, R1, BPF_PSEUDO_MAP_FD, 0, 0},                    \
            [P_MAP + 1] = {0, 0, 0, 0, 0}, MOV(41, R2, FP), CALC(42, BPF_ADD, R2, KEY),            \
            CALL(43, BPF_FUNC_map_lookup_elem), IF(44, BPF_JEQ, R0, 0, P_DENY),                    \
            GET(45, BPF_W, R1, R0, 0), IF(46, BPF_JSET, R1, TATU_FILTER_ALL, P_PASS),              \
            IF(47, BPF_JEQ, R8, PROTOCOL_UDP, P_PORT), IF(48, BPF_JNE, R8, PROTOCOL_TCP, P_DENY),  \
            MOV(P_PORT, R1, R6), MOV(50, R2, R7), CALC(51, BPF_ADD, R2, peer_port),                \
            MOV(52, R3, FP), CALC(53, BPF_ADD, R3, PORT), SET(54, R4, 2),                          \
            CALL(55, BPF_FUNC_skb_load_bytes), IF(56, BPF_JNE, R0, 0, P_DENY),                     \
            GET(57, BPF_H, R2, FP, PORT), IF(58, BPF_JNE, R2, NET_PORT_DNS, P_DENY),               \
            SET(P_PASS, R0, 1), END(60), SET(P_DENY, R0, 0), END(62),                              \
    }

/* Outgoing: the destination; incoming: the source. */
static const struct bpf_insn egress[P_COUNT] = PROGRAM(16, 24, 2);
static const struct bpf_insn ingress[P_COUNT] = PROGRAM(12, 8, 0);

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
    return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* The pointers of bpf_attr are 64 bits wide on every machine. */
static uint64_t pointer(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static enum tatu_err last_error(void)
{
    switch (errno) {
    case EPERM:
    case EACCES:
        return TATU_ERR_DENIED;
    case ENOENT:
    case ENOTDIR:
        return TATU_ERR_NOT_FOUND;
    case E2BIG:
        return TATU_ERR_FULL;
    default:
        return TATU_ERR_IO;
    }
}

enum tatu_err tatu_netd_make_filter_map(int *out_fd)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.map_type = BPF_MAP_TYPE_HASH;
    attr.key_size = 16;
    attr.value_size = sizeof(uint32_t);
    attr.max_entries = TATU_FILTER_ADDRESS_MAX;
    int fd = bpf(BPF_MAP_CREATE, &attr);
    if (fd < 0) {
        return last_error();
    }
    *out_fd = fd;
    return TATU_OK;
}

enum tatu_err tatu_netd_put_filter_address(int map_fd, const uint8_t address[16],
                                           enum tatu_filter_right right)
{
    const uint32_t value = right;
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map_fd;
    attr.key = pointer(address);
    attr.value = pointer(&value);
    return bpf(BPF_MAP_UPDATE_ELEM, &attr) == 0 ? TATU_OK : last_error();
}

void tatu_netd_remove_filter_address(int map_fd, const uint8_t address[16])
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map_fd;
    attr.key = pointer(address);
    (void)bpf(BPF_MAP_DELETE_ELEM, &attr);
}

static int load(const struct bpf_insn text[P_COUNT], enum bpf_attach_type type, int map_fd)
{
    struct bpf_insn program[P_COUNT];
    union bpf_attr attr;
    memcpy(program, text, sizeof(program));
    program[P_MAP].imm = map_fd;
    memset(&attr, 0, sizeof(attr));
    attr.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
    attr.expected_attach_type = type;
    attr.insn_cnt = P_COUNT;
    attr.insns = pointer(program);
    attr.license = pointer("Apache-2.0");
    return bpf(BPF_PROG_LOAD, &attr);
}

/* The group keeps the program; our descriptor is not needed afterwards. */
static enum tatu_err attach_one(const struct bpf_insn text[P_COUNT], enum bpf_attach_type type,
                                int map_fd, int cgroup_fd)
{
    union bpf_attr attr;
    int fd = load(text, type, map_fd);
    if (fd < 0) {
        return last_error();
    }
    memset(&attr, 0, sizeof(attr));
    attr.target_fd = (uint32_t)cgroup_fd;
    attr.attach_bpf_fd = (uint32_t)fd;
    attr.attach_type = type;
    const enum tatu_err err = bpf(BPF_PROG_ATTACH, &attr) == 0 ? TATU_OK : last_error();
    (void)close(fd);
    return err;
}

enum tatu_err tatu_netd_attach_filter(int map_fd, const char *cgroup)
{
    int cgroup_fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroup_fd < 0) {
        return last_error();
    }
    enum tatu_err err = attach_one(egress, BPF_CGROUP_INET_EGRESS, map_fd, cgroup_fd);
    if (err == TATU_OK) {
        err = attach_one(ingress, BPF_CGROUP_INET_INGRESS, map_fd, cgroup_fd);
    }
    (void)close(cgroup_fd);
    return err;
}
