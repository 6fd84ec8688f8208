#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "assemble.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the programs compare network bytes");

/* Numbers as the programs see them in network order. */
#define NET_IPV4 0x0008
#define NET_IPV6 0xdd86
#define NET_FRAGMENT_BITS 0xff3f /* more follow, or it is not the first */
#define NET_PORT(n) ((int32_t)(((n)&0xffu) << 8 | (n) >> 8))
#define NET_MAPPED ((int32_t)0xffff0000) /* bytes 8..11 of ::ffff:0:0 */
#define NET_RESOLVER 0x3500007f          /* 127.0.0.53 */
#define LOOPBACK_IFINDEX 1               /* in every network namespace */
#define IPV4_SIZE 20
#define IPV6_SIZE 40
#define UDP_PART 4  /* the ports */
#define TCP_PART 14 /* up to the flags */
#define TCP_FLAGS 13
#define TCP_SYN 0x02
#define TCP_SYN_OR_ACK 0x12

/* The programs' stack, from its top. */
#define SERVICE (-16) /* key of a port of ours, or of what is dropped */
#define OWN (-40)     /* u32 interface, address[16] */
#define FLOW (-64)    /* address[16], u16 port of the peer, u16 of ours, u32 protocol */
#define FLOW_PEER_PORT (FLOW + 16)
#define FLOW_OWN_PORT (FLOW + 18)
#define FLOW_PROTOCOL (FLOW + 20)
#define HEADER (-104)
#define PORTS (-120)
#define FLOW_VALUE (-128)

#define OWN_KEY_SIZE 20u
#define FLOW_KEY_SIZE 24u
#define SERVICE_TAG 0xff /* no peer's address begins so */

/* r6: the packet; r7: where TCP or UDP begins; r8: which of them; r9: what is counted */
enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, FP };

enum mark {
    IPV6_MARK,
    PARSED,
    IS_TCP,
    PORTS_READ,
    OWN_IS_GOOD,
    LOOPBACK,
    NOT_FIRST,
    NEED_FLOW,
    COUNT,
    PASS,
    DENY,
    DROP,
    NOT_A_GROUP,
    NOT_A_GROUP6,
    ON_SERVICE,
};

struct value {
    uint64_t packets[2]; /* out, in */
    uint64_t bytes[2];
};

/* ---- talking to the kernel ---- */

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

static enum tatu_err make_map(enum bpf_map_type type, uint32_t flags, uint32_t key_size,
                              uint32_t value_size, uint32_t entries, int *out_fd)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.map_type = type;
    attr.map_flags = flags;
    attr.key_size = key_size;
    attr.value_size = value_size;
    attr.max_entries = entries;
    const int fd = bpf(BPF_MAP_CREATE, &attr);
    if (fd < 0) {
        return last_error();
    }
    *out_fd = fd;
    return TATU_OK;
}

static enum tatu_err put_entry(int map_fd, const void *key, const void *value, uint64_t flags)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map_fd;
    attr.key = pointer(key);
    attr.value = pointer(value);
    attr.flags = flags;
    return bpf(BPF_MAP_UPDATE_ELEM, &attr) == 0 ? TATU_OK : last_error();
}

static void remove_entry(int map_fd, const void *key)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map_fd;
    attr.key = pointer(key);
    (void)bpf(BPF_MAP_DELETE_ELEM, &attr);
}

static enum tatu_err get_count(int map_fd, const void *key, struct tatu_filter_count *out)
{
    struct value value;
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map_fd;
    attr.key = pointer(key);
    attr.value = pointer(&value);
    if (bpf(BPF_MAP_LOOKUP_ELEM, &attr) != 0) {
        return last_error();
    }
    *out = (struct tatu_filter_count){value.packets[0], value.bytes[0], value.packets[1],
                                      value.bytes[1]};
    return TATU_OK;
}

/* ---- maps ---- */

static void make_service_key(uint8_t protocol, uint16_t port, uint8_t out[16])
{
    memset(out, 0, 16);
    out[0] = SERVICE_TAG;
    out[1] = protocol;
    out[2] = (uint8_t)(port >> 8);
    out[3] = (uint8_t)port;
}

/* What was counted under a key stays when it is put again. */
static enum tatu_err put_list(const struct tatu_filter *filter, const uint8_t key[16])
{
    static const struct value none;
    const enum tatu_err err = put_entry(filter->list_fd, key, &none, BPF_NOEXIST);
    return err == TATU_ERR_IO && errno == EEXIST ? TATU_OK : err;
}

enum tatu_err tatu_netd_make_filter(struct tatu_filter *out)
{
    struct tatu_filter filter = {-1, -1};
    uint8_t drops[16];
    /* allocated at once: pieces that are allocated one by one begin at a word on this machine, and
     * the counters in them are added to by double words */
    TATU_TRY(make_map(BPF_MAP_TYPE_HASH, 0, 16, sizeof(struct value),
                      TATU_FILTER_ADDRESS_MAX + TATU_FILTER_PORT_MAX + 1, &filter.list_fd));
    make_service_key(0, 0, drops);
    enum tatu_err err = make_map(BPF_MAP_TYPE_LRU_HASH, BPF_F_NO_COMMON_LRU, FLOW_KEY_SIZE, 4,
                                 TATU_FILTER_FLOW_MAX, &filter.flow_fd);
    if (err == TATU_OK) {
        err = put_list(&filter, drops);
    }
    if (err != TATU_OK) {
        tatu_netd_close_filter(&filter);
        return err;
    }
    *out = filter;
    return TATU_OK;
}

void tatu_netd_close_filter(struct tatu_filter *filter)
{
    if (filter->list_fd >= 0) {
        (void)close(filter->list_fd);
    }
    if (filter->flow_fd >= 0) {
        (void)close(filter->flow_fd);
    }
    *filter = (struct tatu_filter){-1, -1};
}

enum tatu_err tatu_netd_put_filter_address(const struct tatu_filter *filter,
                                           const uint8_t address[16])
{
    return put_list(filter, address);
}

void tatu_netd_remove_filter_address(const struct tatu_filter *filter, const uint8_t address[16])
{
    remove_entry(filter->list_fd, address);
}

enum tatu_err tatu_netd_put_filter_port(const struct tatu_filter *filter,
                                        enum tatu_filter_protocol protocol, uint16_t port)
{
    uint8_t key[16];
    make_service_key((uint8_t)protocol, port, key);
    return put_list(filter, key);
}

enum tatu_err tatu_netd_count_filter_address(const struct tatu_filter *filter,
                                             const uint8_t address[16],
                                             struct tatu_filter_count *out)
{
    return get_count(filter->list_fd, address, out);
}

enum tatu_err tatu_netd_count_filter_port(const struct tatu_filter *filter,
                                          enum tatu_filter_protocol protocol, uint16_t port,
                                          struct tatu_filter_count *out)
{
    uint8_t key[16];
    make_service_key((uint8_t)protocol, port, key);
    return get_count(filter->list_fd, key, out);
}

enum tatu_err tatu_netd_count_filter_drops(const struct tatu_filter *filter,
                                           struct tatu_filter_count *out)
{
    uint8_t key[16];
    make_service_key(0, 0, key);
    return get_count(filter->list_fd, key, out);
}

static void make_own_key(uint32_t ifindex, const uint8_t address[16], uint8_t out[OWN_KEY_SIZE])
{
    memcpy(out, &ifindex, sizeof(ifindex));
    memcpy(out + 4, address, 16);
}

enum tatu_err tatu_netd_make_own_map(int *out_fd)
{
    return make_map(BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, OWN_KEY_SIZE, 4, TATU_FILTER_OWN_MAX,
                    out_fd);
}

enum tatu_err tatu_netd_put_own(int own_fd, uint32_t ifindex, const uint8_t address[16])
{
    static const uint32_t one = 1;
    uint8_t key[OWN_KEY_SIZE];
    make_own_key(ifindex, address, key);
    return put_entry(own_fd, key, &one, BPF_ANY);
}

void tatu_netd_remove_own(int own_fd, uint32_t ifindex, const uint8_t address[16])
{
    uint8_t key[OWN_KEY_SIZE];
    make_own_key(ifindex, address, key);
    remove_entry(own_fd, key);
}

/* ---- the programs ---- */

/* Where things are in a packet of one direction: incoming ones have the peer first. */
struct direction {
    bool in;
    int16_t peer4, own4, peer6, own6;
    int16_t peer_port, own_port;
};
static const struct direction outgoing = {false, 16, 12, 24, 8, 2, 0};
static const struct direction incoming = {true, 12, 16, 8, 24, 0, 2};

/* `size` bytes of the packet from `from` (r2 was set) to the stack; jumps when they are not there.
 */
static void copy_packet(struct tatu_program *p, int16_t to, int32_t size, size_t missing)
{
    asm_move(p, R1, R6);
    asm_move(p, R3, FP);
    asm_calculate(p, BPF_ADD, R3, to);
    asm_set(p, R4, size);
    asm_call(p, BPF_FUNC_skb_load_bytes);
    asm_if(p, BPF_JNE, R0, 0, missing);
}

static void look_up(struct tatu_program *p, int map_fd, int32_t key)
{
    asm_map(p, R1, map_fd);
    asm_move(p, R2, FP);
    asm_calculate(p, BPF_ADD, R2, key);
    asm_call(p, BPF_FUNC_map_lookup_elem);
}

static void put_mapped(struct tatu_program *p, int16_t from, int16_t to)
{
    asm_store_value(p, BPF_W, FP, to, 0);
    asm_store_value(p, BPF_W, FP, (int16_t)(to + 4), 0);
    asm_store_value(p, BPF_W, FP, (int16_t)(to + 8), NET_MAPPED);
    asm_get(p, BPF_W, R2, FP, (int16_t)(HEADER + from));
    asm_store(p, BPF_W, FP, (int16_t)(to + 12), R2);
}

static void put_ipv6(struct tatu_program *p, int16_t from, int16_t to)
{
    for (int16_t i = 0; i < 16; i = (int16_t)(i + 4)) {
        asm_get(p, BPF_W, R2, FP, (int16_t)(HEADER + from + i));
        asm_store(p, BPF_W, FP, (int16_t)(to + i), R2);
    }
}

/* Both addresses, where the next header is, and which; r9 is 1 when it was sent to a group. */
static void parse(struct tatu_program *p, const struct direction *d)
{
    asm_set(p, R9, 0);
    asm_get(p, BPF_W, R2, R6, offsetof(struct __sk_buff, protocol));
    asm_if(p, BPF_JEQ, R2, NET_IPV6, IPV6_MARK);
    asm_if(p, BPF_JNE, R2, NET_IPV4, DROP);
    asm_set(p, R2, 0);
    copy_packet(p, HEADER, IPV4_SIZE, DROP);
    put_mapped(p, d->peer4, FLOW);
    put_mapped(p, d->own4, OWN + 4);
    asm_get(p, BPF_B, R7, FP, HEADER);
    asm_calculate(p, BPF_AND, R7, 15);
    asm_calculate(p, BPF_LSH, R7, 2);
    asm_get(p, BPF_B, R8, FP, HEADER + 9);
    asm_get(p, BPF_H, R2, FP, HEADER + 6);
    asm_calculate(p, BPF_AND, R2, NET_FRAGMENT_BITS);
    asm_if(p, BPF_JNE, R2, 0, DROP);
    asm_get(p, BPF_B, R2, FP, (int16_t)(HEADER + d->own4));
    asm_calculate(p, BPF_AND, R2, 0xf0);
    asm_if(p, BPF_JNE, R2, 0xe0, PARSED);
    asm_set(p, R9, 1);
    asm_go(p, PARSED);
    asm_mark(p, IPV6_MARK);
    asm_set(p, R2, 0);
    copy_packet(p, HEADER, IPV6_SIZE, DROP);
    put_ipv6(p, d->peer6, FLOW);
    put_ipv6(p, d->own6, OWN + 4);
    asm_set(p, R7, IPV6_SIZE);
    asm_get(p, BPF_B, R8, FP, HEADER + 6);
    asm_get(p, BPF_B, R2, FP, (int16_t)(HEADER + d->own6));
    asm_if(p, BPF_JNE, R2, 0xff, PARSED);
    asm_set(p, R9, 1);
    asm_mark(p, PARSED);
}

/* The ports and, of TCP, the flags; the key of the flow is whole. */
static void read_ports(struct tatu_program *p, const struct direction *d)
{
    asm_if(p, BPF_JEQ, R8, TATU_FILTER_TCP, IS_TCP);
    asm_if(p, BPF_JNE, R8, TATU_FILTER_UDP, DENY);
    asm_move(p, R2, R7);
    copy_packet(p, PORTS, UDP_PART, DENY);
    asm_go(p, PORTS_READ);
    asm_mark(p, IS_TCP);
    asm_move(p, R2, R7);
    copy_packet(p, PORTS, TCP_PART, DENY);
    asm_mark(p, PORTS_READ);
    asm_get(p, BPF_H, R2, FP, (int16_t)(PORTS + d->peer_port));
    asm_store(p, BPF_H, FP, FLOW_PEER_PORT, R2);
    asm_get(p, BPF_H, R2, FP, (int16_t)(PORTS + d->own_port));
    asm_store(p, BPF_H, FP, FLOW_OWN_PORT, R2);
    asm_store(p, BPF_W, FP, FLOW_PROTOCOL, R8);
}

/* The address of ours belongs to the interface; what was sent to a group has none. */
static void check_own(struct tatu_program *p, const struct direction *d, int own_fd)
{
    if (d->in) {
        asm_if(p, BPF_JEQ, R9, 1, OWN_IS_GOOD);
    }
    look_up(p, own_fd, OWN);
    asm_if_none(p, R0, DENY);
    asm_mark(p, OWN_IS_GOOD);
}

/* The list's entry of the port of ours. */
static void look_up_service(struct tatu_program *p, int list_fd)
{
    asm_store_value(p, BPF_W, FP, SERVICE, SERVICE_TAG);
    asm_store(p, BPF_B, FP, SERVICE + 1, R8);
    asm_get(p, BPF_H, R2, FP, FLOW_OWN_PORT);
    asm_store(p, BPF_H, FP, SERVICE + 2, R2);
    asm_store_value(p, BPF_W, FP, SERVICE + 4, 0);
    asm_store_value(p, BPF_DW, FP, SERVICE + 8, 0);
    look_up(p, list_fd, SERVICE);
}

/* Its own call, or to a port that is open: passes, and an answer may follow. */
static void pass_and_note_flow(struct tatu_program *p, int flow_fd)
{
    asm_move(p, R9, R0);
    asm_if(p, BPF_JNE, R8, TATU_FILTER_UDP, COUNT);
    asm_store_value(p, BPF_W, FP, FLOW_VALUE, 1);
    asm_map(p, R1, flow_fd);
    asm_move(p, R2, FP);
    asm_calculate(p, BPF_ADD, R2, FLOW);
    asm_move(p, R3, FP);
    asm_calculate(p, BPF_ADD, R3, FLOW_VALUE);
    asm_set(p, R4, BPF_ANY);
    asm_call(p, BPF_FUNC_map_update_elem);
    asm_go(p, COUNT);
}

/* An answer: of UDP to what was noted; of TCP anything that does not open a connection. */
static void pass_answer(struct tatu_program *p, int flow_fd)
{
    asm_move(p, R9, R0);
    asm_if(p, BPF_JEQ, R8, TATU_FILTER_UDP, NEED_FLOW);
    asm_get(p, BPF_B, R2, FP, PORTS + TCP_FLAGS);
    asm_calculate(p, BPF_AND, R2, TCP_SYN_OR_ACK);
    asm_if(p, BPF_JEQ, R2, TCP_SYN, DENY);
    asm_go(p, COUNT);
    asm_mark(p, NEED_FLOW);
    look_up(p, flow_fd, FLOW);
    asm_if_none(p, R0, DENY);
}

static void count(struct tatu_program *p, const struct direction *d)
{
    const int16_t packets = (int16_t)(offsetof(struct value, packets) + (d->in ? 8 : 0));
    const int16_t bytes = (int16_t)(offsetof(struct value, bytes) + (d->in ? 8 : 0));
    asm_set(p, R1, 1);
    asm_add_to(p, R9, packets, R1);
    asm_get(p, BPF_W, R1, R6, offsetof(struct __sk_buff, len));
    asm_add_to(p, R9, bytes, R1);
}

/* On the loopback there is only the resolver. */
static void check_resolver(struct tatu_program *p)
{
    asm_mark(p, LOOPBACK);
    asm_get(p, BPF_W, R2, FP, FLOW + 12);
    asm_if(p, BPF_JNE, R2, NET_RESOLVER, DENY);
    asm_get(p, BPF_W, R2, FP, FLOW + 8);
    asm_if(p, BPF_JNE, R2, NET_MAPPED, DENY);
    asm_get(p, BPF_H, R2, FP, FLOW_PEER_PORT);
    asm_if(p, BPF_JEQ, R2, NET_PORT(53), PASS);
}

static void deny(struct tatu_program *p, const struct direction *d, int list_fd)
{
    asm_mark(p, DENY);
    asm_store_value(p, BPF_DW, FP, SERVICE, SERVICE_TAG);
    asm_store_value(p, BPF_DW, FP, SERVICE + 8, 0);
    look_up(p, list_fd, SERVICE);
    asm_if_none(p, R0, DROP);
    asm_move(p, R9, R0);
    count(p, d);
    asm_mark(p, DROP);
    asm_end(p, 0);
}

static void write_filter(struct tatu_program *p, const struct direction *d,
                         const struct tatu_filter *filter, int own_fd, uint32_t service)
{
    asm_move(p, R6, R1);
    asm_get(p, BPF_W, R2, R6, offsetof(struct __sk_buff, ifindex));
    asm_store(p, BPF_W, FP, OWN, R2);
    if (service != 0) {
        asm_if(p, BPF_JEQ, R2, (int32_t)service, DENY);
    }
    parse(p, d);
    read_ports(p, d);
    asm_get(p, BPF_W, R2, FP, OWN);
    asm_if(p, BPF_JEQ, R2, LOOPBACK_IFINDEX, LOOPBACK);
    check_own(p, d, own_fd);
    /* who begins is looked up first: outgoing the peer, incoming the port */
    if (d->in) {
        look_up_service(p, filter->list_fd);
    } else {
        look_up(p, filter->list_fd, FLOW);
    }
    asm_if_none(p, R0, NOT_FIRST);
    pass_and_note_flow(p, filter->flow_fd);
    asm_mark(p, NOT_FIRST);
    if (d->in) {
        look_up(p, filter->list_fd, FLOW);
    } else {
        look_up_service(p, filter->list_fd);
    }
    asm_if_none(p, R0, DENY);
    pass_answer(p, filter->flow_fd);
    asm_mark(p, COUNT);
    count(p, d);
    asm_mark(p, PASS);
    asm_end(p, 1);
    check_resolver(p);
    deny(p, d, filter->list_fd);
}

static void write_host_filter(struct tatu_program *p, int own_fd, uint32_t service)
{
    asm_move(p, R6, R1);
    asm_get(p, BPF_W, R2, R6, offsetof(struct __sk_buff, ifindex));
    asm_store(p, BPF_W, FP, OWN, R2);
    asm_if(p, BPF_JEQ, R2, LOOPBACK_IFINDEX, PASS);
    parse(p, &incoming);
    if (service != 0) {
        asm_get(p, BPF_W, R2, FP, OWN);
        asm_if(p, BPF_JEQ, R2, (int32_t)service, ON_SERVICE);
    }
    asm_if(p, BPF_JEQ, R9, 1, PASS);
    look_up(p, own_fd, OWN);
    asm_if_none(p, R0, DROP);
    asm_mark(p, PASS);
    asm_end(p, 1);
    if (service != 0) {
        asm_mark(p, ON_SERVICE);
        asm_if(p, BPF_JNE, R8, TATU_FILTER_TCP, DROP);
        asm_move(p, R2, R7);
        copy_packet(p, PORTS, UDP_PART, DROP);
        asm_get(p, BPF_H, R2, FP, PORTS + 2);
        asm_if(p, BPF_JNE, R2, NET_PORT(TATU_FILTER_SERVICE_PORT), DROP);
        look_up(p, own_fd, OWN);
        asm_if_none(p, R0, DROP);
        asm_end(p, 1);
    }
    asm_mark(p, DROP);
    asm_end(p, 0);
}

/* ---- attaching ---- */

static int load(struct tatu_program *p, enum bpf_attach_type type)
{
    union bpf_attr attr;
    if (asm_finish(p) != TATU_OK) {
        errno = E2BIG;
        return -1;
    }
    memset(&attr, 0, sizeof(attr));
    attr.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
    attr.expected_attach_type = type;
    attr.insn_cnt = (uint32_t)p->count;
    attr.insns = pointer(p->text);
    attr.license = pointer("Apache-2.0");
    return bpf(BPF_PROG_LOAD, &attr);
}

/* The group keeps the program; our descriptor is not needed afterwards. */
static enum tatu_err attach(struct tatu_program *p, enum bpf_attach_type type, uint32_t flags,
                            const char *group)
{
    union bpf_attr attr;
    const int group_fd = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group_fd < 0) {
        return last_error();
    }
    const int fd = load(p, type);
    enum tatu_err err = fd < 0 ? last_error() : TATU_OK;
    if (err == TATU_OK) {
        memset(&attr, 0, sizeof(attr));
        attr.target_fd = (uint32_t)group_fd;
        attr.attach_bpf_fd = (uint32_t)fd;
        attr.attach_type = type;
        attr.attach_flags = flags;
        err = bpf(BPF_PROG_ATTACH, &attr) == 0 ? TATU_OK : last_error();
        (void)close(fd);
    }
    (void)close(group_fd);
    return err;
}

enum tatu_err tatu_netd_attach_filter(const struct tatu_filter *filter, int own_fd,
                                      uint32_t service, const char *group)
{
    struct tatu_program p = {.count = 0};
    write_filter(&p, &outgoing, filter, own_fd, service);
    TATU_TRY(attach(&p, BPF_CGROUP_INET_EGRESS, 0, group));
    p = (struct tatu_program){.count = 0};
    write_filter(&p, &incoming, filter, own_fd, service);
    return attach(&p, BPF_CGROUP_INET_INGRESS, 0, group);
}

enum tatu_err tatu_netd_attach_host_filter(int own_fd, uint32_t service, const char *root)
{
    struct tatu_program p = {.count = 0};
    write_host_filter(&p, own_fd, service);
    return attach(&p, BPF_CGROUP_INET_INGRESS, BPF_F_ALLOW_OVERRIDE, root);
}
