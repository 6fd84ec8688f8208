#include "cli/cli.h"

#include "app_log.h"
#include "approot.h"
#include "bodies.h"
#include "device_errors.h"
#include "package.h"
#include "print.h"
#include "verity.h"

#include "proto/device_errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <p256.h>

enum { BLOCK = TATU_VERITY_BLOCK_SIZE };

static const struct tatu_cli_surroundings nowhere = {.config = "/nonexistent"};

static struct tatu_cli fresh_cli(void)
{
    return (struct tatu_cli){.around = &nowhere, .out = stdout};
}

static void fill(uint8_t *data, size_t len)
{
    uint32_t x = 1;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        data[i] = (uint8_t)(x >> 24);
    }
}

static void ask_veritysetup(const uint8_t *data, size_t len, uint32_t tree_len, uint8_t *tree,
                            uint8_t root[32])
{
    char dir[] = "/tmp/tatu-verity.XXXXXX";
    char path[64], command[512], output[4096];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/data", dir);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(command, sizeof(command),
                   "PATH=$PATH:/usr/sbin:/sbin veritysetup format --no-superblock --salt=- "
                   "--hash=sha256 --format=1 --data-block-size=4096 --hash-block-size=4096 "
                   "%s/data %s/tree",
                   dir, dir);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t got = fread(output, 1, sizeof(output) - 1, pipe);
    output[got] = '\0';
    assert_int_equal(pclose(pipe), 0);
    const char *hash = strstr(output, "Root hash:");
    assert_non_null(hash);
    hash += strcspn(hash, "\t");
    hash += strspn(hash, " \t");
    assert_int_equal(tatu_base_decode_hex(hash, strcspn(hash, "\n"), root, 32), TATU_OK);
    (void)snprintf(path, sizeof(path), "%s/tree", dir);
    if (tree_len > 0) {
        file = fopen(path, "rb");
        assert_non_null(file);
        assert_int_equal(fread(tree, 1, tree_len, file), tree_len);
        assert_int_equal(fclose(file), 0);
    }
    (void)snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* One block has no tree, 128 fill one hash block, 129 need a second level. */
static void hash_tree_is_the_one_veritysetup_makes(void **state)
{
    (void)state;
    static const size_t blocks[] = {1, 2, 128, 129, 600};
    for (size_t i = 0; i < TATU_COUNT_OF(blocks); i++) {
        size_t len = blocks[i] * BLOCK;
        uint32_t tree_len = tatu_proto_verity_tree_len((uint32_t)len);
        uint8_t *data = malloc(len), *ours = malloc(tree_len + 1), *theirs = malloc(tree_len + 1);
        uint8_t our_root[32], their_root[32];
        assert_true(data != NULL && ours != NULL && theirs != NULL);
        fill(data, len);
        struct tatu_buf tree = {ours, 0, tree_len};
        assert_int_equal(tatu_cli_build_verity((struct tatu_span){data, len}, tree, our_root),
                         TATU_OK);
        ask_veritysetup(data, len, tree_len, theirs, their_root);
        assert_memory_equal(our_root, their_root, 32);
        assert_memory_equal(ours, theirs, tree_len);
        free(data);
        free(ours);
        free(theirs);
    }
}

static void hash_tree_refuses_what_is_not_whole_blocks(void **state)
{
    (void)state;
    static uint8_t data[2 * BLOCK], room[2 * BLOCK];
    uint8_t root[32] = {7};
    struct tatu_buf tree = {room, 0, BLOCK};
    assert_int_equal(tatu_cli_build_verity((struct tatu_span){data, 0}, tree, root),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_cli_build_verity((struct tatu_span){data, BLOCK + 1}, tree, root),
                     TATU_ERR_ARGUMENT);
    tree.cap = 2 * BLOCK;
    assert_int_equal(tatu_cli_build_verity((struct tatu_span){data, sizeof(data)}, tree, root),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(root[0], 7);
}

static void verity_text_must_be_whole(void **state)
{
    (void)state;
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    static const struct {
        const char *text;
        enum tatu_err err;
    } rows[] = {
        {"data_len=12288\nroot_hash=" HASH "\n", TATU_OK},
        {"other=1\nroot_hash=" HASH "\ndata_len=12288", TATU_OK},
        {"data_len=0\nroot_hash=" HASH "\n", TATU_ERR_FORMAT},
        {"data_len=12289\nroot_hash=" HASH "\n", TATU_ERR_FORMAT},
        {"data_len=12288x\nroot_hash=" HASH "\n", TATU_ERR_FORMAT},
        {"data_len=4096000000\nroot_hash=" HASH "\n", TATU_ERR_FORMAT},
        {"data_len=12288\nroot_hash=" HASH "0\n", TATU_ERR_FORMAT},
        {"data_len=12288\nroot_hash=00\n", TATU_ERR_FORMAT},
        {"data_len=12288\n", TATU_ERR_FORMAT},
        {"root_hash=" HASH "\n", TATU_ERR_FORMAT},
        {"", TATU_ERR_FORMAT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint32_t len = 1;
        uint8_t root[32] = {9};
        assert_int_equal(tatu_cli_read_verity_text(rows[i].text, &len, root), rows[i].err);
        assert_int_equal(len, rows[i].err == TATU_OK ? 3 * BLOCK : 1);
        assert_int_equal(root[1], rows[i].err == TATU_OK ? 0x11 : 0);
    }
}

static void make_key(struct tatu_cli *cli, struct tatu_cli_key *key)
{
    char path[] = "/tmp/tatu-key.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(tatu_cli_make_key(cli, path), TATU_ERR_EXISTS);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tatu_cli_make_key(cli, path), TATU_OK);
    assert_int_equal(tatu_cli_load_key(cli, path, key), TATU_OK);
    assert_int_equal(unlink(path), 0);
}

static void package_reads_back_and_each_flipped_byte_breaks_its_signature(void **state)
{
    (void)state;
    struct tatu_cli cli = fresh_cli();
    CLI_KEY key = {.pkey = NULL};
    CLI_BYTES bytes = {NULL, 0};
    struct tatu_image_info info;
    static uint8_t body[600];
    fill(body, sizeof(body));
    struct tatu_cli_package package = {.type = TATU_IMAGE_KERNEL,
                                       .name = "kernel 26.11",
                                       .component = {1, 2, 3},
                                       .built_s = 77,
                                       .security_version = 5,
                                       .body = TATU_SPAN_OF(body)};
    make_key(&cli, &key);
    assert_int_equal(tatu_cli_make_package(&cli, &package, &key, NULL, &bytes, &info), TATU_OK);
    assert_int_equal(info.type, TATU_IMAGE_KERNEL);
    assert_int_equal(info.security_version, 5);
    assert_int_equal(info.built_s, 77);
    assert_int_equal(info.body_len, sizeof(body));
    assert_memory_equal(info.thumbprint, key.digest, sizeof(info.thumbprint));
    assert_memory_equal(bytes.data, body, sizeof(body));
    assert_int_equal(tatu_cli_check_package(CLI_SPAN(bytes), &info, key.public_key), TATU_OK);
    for (size_t i = 0; i < info.signed_len; i += 13) {
        bytes.data[i] ^= 0x10;
        assert_int_equal(tatu_cli_check_package(CLI_SPAN(bytes), &info, key.public_key),
                         TATU_ERR_SIGNATURE);
        bytes.data[i] ^= 0x10;
    }
}

static void package_over_its_limit_is_refused(void **state)
{
    (void)state;
    struct tatu_cli cli = fresh_cli();
    CLI_KEY key = {.pkey = NULL};
    CLI_BYTES bytes = {NULL, 0};
    CLI_BYTES body = {NULL, 0};
    struct tatu_image_info info;
    make_key(&cli, &key);
    assert_int_equal(tatu_cli_alloc(&cli, TATU_IMAGE_PACKAGE_MAX, &body), TATU_OK);
    struct tatu_cli_package package = {
        .type = TATU_IMAGE_ROOT, .name = "root", .body = CLI_SPAN(body)};
    assert_int_equal(tatu_cli_make_package(&cli, &package, &key, NULL, &bytes, &info),
                     TATU_ERR_LONG);
    assert_null(bytes.data);
}

static void signatures_of_every_kind_are_judged_right(void **state)
{
    (void)state;
    unsigned rows = 0;
    assert_int_equal(tatu_try_p256(tatu_cli_check_signature, &rows), 0);
    assert_in_range(rows, 80, 1000);
}

static void signature_is_raw_and_verifies_with_its_own_key_only(void **state)
{
    (void)state;
    struct tatu_cli cli = fresh_cli();
    CLI_KEY key = {.pkey = NULL};
    CLI_KEY other = {.pkey = NULL};
    uint8_t digest[32] = {1}, signature[64];
    make_key(&cli, &key);
    make_key(&cli, &other);
    for (int i = 0; i < 64; i++) { /* short r and s are padded */
        digest[1] = (uint8_t)i;
        assert_int_equal(tatu_cli_sign(&key, digest, signature), TATU_OK);
        assert_int_equal(tatu_cli_check_signature(key.public_key, digest, signature), TATU_OK);
        assert_int_equal(tatu_cli_check_signature(other.public_key, digest, signature),
                         TATU_ERR_SIGNATURE);
    }
    memset(signature, 0, sizeof(signature));
    assert_int_equal(tatu_cli_check_signature(key.public_key, digest, signature),
                     TATU_ERR_SIGNATURE);
}

static void hash_is_sha256_of_the_parts_in_order(void **state)
{
    (void)state;
    static const char expected[] =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const struct tatu_span parts[] = {
        {(const uint8_t *)"a", 1}, {NULL, 0}, {(const uint8_t *)"bc", 2}};
    uint8_t digest[32];
    char text[65];
    assert_int_equal(tatu_cli_hash(parts, TATU_COUNT_OF(parts), digest), TATU_OK);
    tatu_base_encode_hex(TATU_SPAN_OF(digest), text);
    assert_string_equal(text, expected);
}

static void escape_keeps_letters_and_drops_what_steers_a_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"plain", "plain"},
        {"tat\xc3\xba \xe2\x97\x8f \xf0\x9f\x94\x94", "tat\xc3\xba \xe2\x97\x8f \xf0\x9f\x94\x94"},
        {"\x1b[31mred\x07", "?[31mred?"},
        {"c1 \xc2\x9b"
         "2J",
         "c1 ??2J"},
        {"cut \xe2\x97", "cut ??"},
        {"bad \xff\xc0\x80", "bad ???"},
        {"line\nend\r\t", "line?end??"},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        char shown[64];
        tatu_cli_escape(rows[i].text, shown, sizeof(shown));
        assert_string_equal(shown, rows[i].shown);
    }
    char small[4];
    tatu_cli_escape("ab\xe2\x97\x8f", small, sizeof(small));
    assert_string_equal(small, "ab"); /* never half a letter */
}

static void base64_goes_there_and_back(void **state)
{
    (void)state;
    struct tatu_cli cli = fresh_cli();
    static uint8_t bytes[100];
    fill(bytes, sizeof(bytes));
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        CLI_BYTES back = {NULL, 0};
        json_auto_t *text = tatu_cli_base64((struct tatu_span){bytes, len});
        assert_int_equal(tatu_cli_from_base64(&cli, json_string_value(text), &back), TATU_OK);
        assert_int_equal(back.len, len);
        assert_memory_equal(back.data, bytes, len);
    }
    CLI_BYTES none = {NULL, 0};
    assert_int_equal(tatu_cli_from_base64(&cli, "abc", &none), TATU_ERR_FORMAT);
    assert_int_equal(tatu_cli_from_base64(&cli, "ab!d", &none), TATU_ERR_FORMAT);
}

static void command_line_errors_are_one_line_with_status_2(void **state)
{
    (void)state;
    static const char *const lines[][6] = {
        {"tatu", "fly"},
        {"tatu", "maker", "init"},
        {"tatu", "maker", "init", "--dir="},
        {"tatu", "maker", "init", "--dir", "x", "--what"},
        {"tatu", "board", "reset", "a", "b"},
        {"tatu", "catalog", "show"}, /* no catalog anywhere */
    };
    for (size_t i = 0; i < TATU_COUNT_OF(lines); i++) {
        char *text = NULL;
        size_t text_len = 0;
        int argc = 0;
        char *argv[7] = {NULL};
        while (argc < 6 && lines[i][argc] != NULL) {
            argv[argc] = strdup(lines[i][argc]);
            argc++;
        }
        FILE *err = open_memstream(&text, &text_len);
        assert_int_equal(tatu_cli_run(argc, argv, &nowhere, stdout, err), 2);
        assert_int_equal(fclose(err), 0);
        assert_memory_equal(text, "error: ARGUMENT: ", 17);
        assert_ptr_equal(strchr(text, '\n'), text + text_len - 1);
        free(text);
        for (int k = 0; k < argc; k++) {
            free(argv[k]);
        }
    }
}

/* A table row that could not work is found here and not by a user. */
static void every_command_has_words_a_summary_and_room_for_its_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < tatu_cli_chapter_count; i++) {
        for (size_t k = 0; k < tatu_cli_chapters[i]->count; k++) {
            const struct tatu_cli_command *command = &tatu_cli_chapters[i]->commands[k];
            assert_true(command->run != NULL && command->summary != NULL);
            assert_true(command->option_count <= CLI_OPTION_MAX);
            assert_true(command->argument_max <= CLI_ARGUMENT_MAX);
            assert_true(command->argument_min <= command->argument_max);
            assert_true(command->argument_max == 0 || command->arguments != NULL);
            for (size_t n = 0; n < command->option_count; n++) {
                assert_int_equal(command->options[n].name[0], '-');
            }
        }
    }
}

static void every_device_error_is_there_once_with_a_sentence(void **state)
{
    (void)state;
    uint32_t before = 0;
    for (size_t i = 0; i < tatu_cli_device_error_count; i++) {
        const struct tatu_cli_device_error *row = &tatu_cli_device_errors[i];
        const uint32_t number = (uint32_t)row->category << 20 | row->code;
        assert_true(number > before);
        assert_true(strlen(row->name) > 0 && strlen(row->text) > 8);
        assert_null(strpbrk(row->text, ";\n"));
        assert_ptr_equal(tatu_cli_find_device_error(number), row);
        before = number;
    }
    assert_int_equal(tatu_cli_device_error_count, 771);
    assert_null(tatu_cli_find_device_error(14u << 20 | 14)); /* a gap of the original */
    assert_null(tatu_cli_find_device_error(0));
    assert_string_equal(tatu_cli_find_device_error(14680076)->name, "AppNotPresent");
}

/* Numbers that our own device answers are among them. */
static void numbers_of_our_device_have_sentences(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {
        TATU_NUMBER_REST_COMMAND_AUTHORIZATION_FAILED, TATU_NUMBER_IMAGE_UPDATE_VERIFICATION_FAILED,
        TATU_NUMBER_CERT_STORAGE_OUT_OF_SPACE,         TATU_NUMBER_WIFI_WIFI_DISABLED,
        TATU_NUMBER_NET_CONFIG_INVALID_INTERFACE,      TATU_NUMBER_JSON_INVALID_JSON_OBJECT,
        TATU_NUMBER_PARTITION_NO_IMAGES_TO_INSTALL,    TATU_NUMBER_HTTP_INVALID_REQUEST_URI,
        TATU_NUMBER_REST_UPDATE_INVALID_IMAGE,
    };
    for (size_t i = 0; i < TATU_COUNT_OF(numbers); i++) {
        assert_non_null(tatu_cli_find_device_error(numbers[i]));
    }
}

static void only_what_is_new_of_a_log_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *now;
        size_t fresh;
    } rows[] = {
        {"", "", 0},          {"", "abc", 3},
        {"abc", "abc", 0},    {"abc", "abcd", 1},
        {"abc", "bcd", 1},    {"abc", "xyz", 3},
        {"aaaa", "aaaab", 1}, {"abcabc", "abcabcabc", 3},
        {"abc", "", 0},       {"ab\ncd", "cd\nef", 3},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        const struct tatu_span before = {(const uint8_t *)rows[i].before, strlen(rows[i].before)};
        const struct tatu_span now = {(const uint8_t *)rows[i].now, strlen(rows[i].now)};
        assert_int_equal(tatu_cli_count_new(before, now), rows[i].fresh);
    }
}

static const struct tatu_cli_command *find(int argc, char **argv)
{
    const struct tatu_cli_command *command = NULL;
    (void)tatu_cli_find_command(argc, argv, &command);
    return command;
}

/* The longest name counts, and those of the original's first tool are the same commands. */
static void commands_are_found_by_all_their_names(void **state)
{
    static char device[] = "device", app[] = "app", start[] = "start", list[] = "list",
                dev[] = "dev", sl[] = "sl", sideload[] = "sideload", image[] = "image";
    (void)state;
    struct {
        int argc;
        char *argv[4];
        const char *words;
    } rows[] = {
        {4, {NULL, device, app, start}, "device app start"},
        {4, {NULL, device, sideload, start}, "device app start"},
        {4, {NULL, dev, sl, start}, "device app start"},
        {3, {NULL, device, list, NULL}, "device list"},
        {3, {NULL, image, list, NULL}, "image list"},
        {2, {NULL, device, NULL, NULL}, NULL},
        {3, {NULL, device, app, NULL}, NULL},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        const struct tatu_cli_command *command = find(rows[i].argc, rows[i].argv);
        assert_true((command == NULL) == (rows[i].words == NULL));
        if (command != NULL) {
            assert_string_equal(command->words, rows[i].words);
        }
    }
}

/* No two commands answer to one name. */
static void no_name_is_two_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < tatu_cli_chapter_count; i++) {
        for (size_t k = 0; k < tatu_cli_chapters[i]->count; k++) {
            const struct tatu_cli_command *command = &tatu_cli_chapters[i]->commands[k];
            char line[256];
            char *argv[8] = {NULL};
            int argc = 1;
            (void)snprintf(line, sizeof(line), "%s", command->words);
            for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
                argv[argc++] = word;
            }
            assert_ptr_equal(find(argc, argv), command);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_tree_is_the_one_veritysetup_makes),
        cmocka_unit_test(hash_tree_refuses_what_is_not_whole_blocks),
        cmocka_unit_test(verity_text_must_be_whole),
        cmocka_unit_test(package_reads_back_and_each_flipped_byte_breaks_its_signature),
        cmocka_unit_test(package_over_its_limit_is_refused),
        cmocka_unit_test(signature_is_raw_and_verifies_with_its_own_key_only),
        cmocka_unit_test(signatures_of_every_kind_are_judged_right),
        cmocka_unit_test(hash_is_sha256_of_the_parts_in_order),
        cmocka_unit_test(escape_keeps_letters_and_drops_what_steers_a_terminal),
        cmocka_unit_test(base64_goes_there_and_back),
        cmocka_unit_test(command_line_errors_are_one_line_with_status_2),
        cmocka_unit_test(every_device_error_is_there_once_with_a_sentence),
        cmocka_unit_test(numbers_of_our_device_have_sentences),
        cmocka_unit_test(only_what_is_new_of_a_log_is_shown),
        cmocka_unit_test(commands_are_found_by_all_their_names),
        cmocka_unit_test(no_name_is_two_commands),
        cmocka_unit_test(every_command_has_words_a_summary_and_room_for_its_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
