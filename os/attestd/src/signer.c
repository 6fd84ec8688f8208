#include "signer.h"

#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/lib/vault.h"

#define THREAD_STACK_BYTES (64u * 1024u)
#define DIGEST_SIZE 32u

/* event data: slot * SOURCES, + 1 + the client for a connection */
#define SOURCES (1u + TATU_SIGNER_CLIENT_MAX)

static bool watch(const struct tatu_signer *signer, uint64_t key, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = key};
    return epoll_ctl(signer->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void drop(struct tatu_signer_client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    client->fd = -1;
}

/* The place of a user, or a free one; the first when all are taken by others. */
static size_t find_place(const struct tatu_signer_slot *slot, uint32_t uid)
{
    size_t place = 0;
    for (size_t i = TATU_SIGNER_CLIENT_MAX; i-- > 0;) {
        if (slot->clients[i].fd < 0) {
            place = i;
        }
    }
    for (size_t i = 0; i < TATU_SIGNER_CLIENT_MAX; i++) {
        if (slot->clients[i].fd >= 0 && slot->clients[i].uid == uid) {
            place = i;
        }
    }
    return place;
}

/* Who connects and says nothing gives way to the next of the same user. */
static void take_connection(struct tatu_signer *signer, size_t index)
{
    struct tatu_signer_slot *slot = &signer->slots[index];
    struct ucred who;
    socklen_t len = sizeof(who);
    int fd = accept4(slot->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) {
        (void)close(fd);
        return;
    }
    const size_t place = find_place(slot, who.uid);
    struct tatu_signer_client *client = &slot->clients[place];
    drop(client);
    *client = (struct tatu_signer_client){fd, who.uid};
    if (!watch(signer, index * SOURCES + 1 + place, fd)) {
        drop(client);
    }
}

static void answer(const struct tatu_signer *signer, const struct tatu_signer_slot *slot,
                   struct tatu_signer_client *client)
{
    struct {
        uint32_t err;
        uint8_t signature[64];
    } reply = {.err = TATU_ERR_FORMAT};
    uint8_t digest[DIGEST_SIZE + 1];
    if (recv(client->fd, digest, sizeof(digest), 0) == DIGEST_SIZE) {
        const struct tatu_signer_key *key = &slot->key;
        reply.err = (uint32_t)tatu_os_sign_tls(signer->monitor, key->purpose, key->tenant,
                                               key->component, digest, reply.signature);
    }
    (void)send(client->fd, &reply, sizeof(reply), MSG_NOSIGNAL);
    drop(client);
}

/* An event may be one of a slot that was given up since. */
static void handle(struct tatu_signer *signer, uint64_t key)
{
    const size_t index = (size_t)(key / SOURCES);
    const size_t source = (size_t)(key % SOURCES);
    struct tatu_signer_slot *slot = &signer->slots[index];
    if (slot->listen_fd < 0) {
        return;
    }
    if (source == 0) {
        take_connection(signer, index);
    } else if (slot->clients[source - 1].fd >= 0) {
        answer(signer, slot, &slot->clients[source - 1]);
    }
}

static void *serve(void *context)
{
    struct tatu_signer *signer = context;
    for (;;) {
        struct epoll_event event;
        if (epoll_wait(signer->epoll_fd, &event, 1, -1) != 1) {
            continue;
        }
        (void)pthread_mutex_lock(&signer->lock);
        handle(signer, event.data.u64);
        (void)pthread_mutex_unlock(&signer->lock);
    }
    return NULL;
}

static void free_slot(struct tatu_signer_slot *slot)
{
    for (size_t i = 0; i < TATU_SIGNER_CLIENT_MAX; i++) {
        drop(&slot->clients[i]);
    }
    if (slot->listen_fd >= 0) {
        (void)close(slot->listen_fd);
    }
    slot->listen_fd = -1;
}

enum tatu_err tatu_signer_start(struct tatu_signer *signer, const struct tatu_os_monitor *monitor)
{
    pthread_t thread;
    pthread_attr_t attributes;
    *signer = (struct tatu_signer){.monitor = monitor, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    for (size_t i = 0; i < TATU_SIGNER_SLOT_MAX; i++) {
        signer->slots[i].listen_fd = -1;
        for (size_t k = 0; k < TATU_SIGNER_CLIENT_MAX; k++) {
            signer->slots[i].clients[k].fd = -1;
        }
    }
    if (signer->epoll_fd < 0 || pthread_mutex_init(&signer->lock, NULL) != 0 ||
        pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES) != 0 ||
        pthread_create(&thread, &attributes, serve, signer) != 0) {
        return TATU_ERR_IO;
    }
    (void)pthread_attr_destroy(&attributes);
    return TATU_OK;
}

static int listen_at(const char *path, unsigned mode, unsigned group)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return -1;
    }
    strcpy(address.sun_path, path);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 &&
        (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || chmod(path, mode) != 0 ||
         (group != 0 && chown(path, (uid_t)-1, group) != 0) || listen(fd, 8) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static bool same_key(const struct tatu_signer_key *a, const struct tatu_signer_key *b)
{
    return a->purpose == b->purpose && memcmp(a->tenant, b->tenant, sizeof(a->tenant)) == 0 &&
           memcmp(a->component, b->component, sizeof(a->component)) == 0;
}

/* The slot of a key, else a free one, else NULL. */
static struct tatu_signer_slot *find_slot(struct tatu_signer *signer,
                                          const struct tatu_signer_key *key)
{
    struct tatu_signer_slot *found = NULL;
    for (size_t i = TATU_SIGNER_SLOT_MAX; i-- > 0;) {
        struct tatu_signer_slot *slot = &signer->slots[i];
        if (slot->listen_fd >= 0 && same_key(&slot->key, key)) {
            return slot;
        }
        found = slot->listen_fd < 0 ? slot : found;
    }
    return found;
}

static enum tatu_err open_slot(struct tatu_signer *signer, struct tatu_signer_slot *slot,
                               unsigned mode, unsigned group)
{
    slot->listen_fd = listen_at(slot->path, mode, group);
    if (slot->listen_fd < 0) {
        return TATU_ERR_IO;
    }
    if (!watch(signer, (uint64_t)(slot - signer->slots) * SOURCES, slot->listen_fd)) {
        free_slot(slot);
        return TATU_ERR_IO;
    }
    return TATU_OK;
}

enum tatu_err tatu_signer_add(struct tatu_signer *signer, const struct tatu_signer_key *key,
                              const char *path, unsigned mode, unsigned group)
{
    enum tatu_err err = TATU_OK;
    if (strlen(path) >= TATU_SIGNER_PATH_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    (void)pthread_mutex_lock(&signer->lock);
    struct tatu_signer_slot *slot = find_slot(signer, key);
    if (slot == NULL) {
        err = TATU_ERR_FULL;
    } else if (slot->listen_fd < 0 || access(slot->path, F_OK) != 0) {
        free_slot(slot);
        slot->key = *key;
        (void)strcpy(slot->path, path);
        err = open_slot(signer, slot, mode, group);
    }
    (void)pthread_mutex_unlock(&signer->lock);
    return err;
}

void tatu_signer_keep(struct tatu_signer *signer, const struct tatu_signer_key *keys, size_t count)
{
    (void)pthread_mutex_lock(&signer->lock);
    for (size_t i = 0; i < TATU_SIGNER_SLOT_MAX; i++) {
        struct tatu_signer_slot *slot = &signer->slots[i];
        bool kept = slot->listen_fd < 0 || slot->key.purpose == TATU_KEY_UPDATE;
        for (size_t k = 0; k < count; k++) {
            kept = kept || same_key(&slot->key, &keys[k]);
        }
        if (!kept) {
            free_slot(slot);
        }
    }
    (void)pthread_mutex_unlock(&signer->lock);
}
