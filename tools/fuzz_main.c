/*
 * Replays files or folders through a fuzz target without libFuzzer: each x_fuzz.c defines
 * LLVMFuzzerTestOneInput; the checks link it with this main and run the corpus under sanitizers.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (16u << 20)

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    uint8_t *data = malloc(INPUT_MAX);
    size_t len = data == NULL ? 0 : fread(data, 1, INPUT_MAX, file);
    (void)fclose(file);
    /* exact-size copy, so that the sanitizer sees a read past the end */
    uint8_t *exact = malloc(len > 0 ? len : 1);
    if (data == NULL || exact == NULL) {
        abort();
    }
    for (size_t i = 0; i < len; i++) {
        exact[i] = data[i];
    }
    free(data);
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 0;
}

static int replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(st.st_mode)) {
        return replay_file(path);
    }
    DIR *dir = opendir(path);
    int failed = dir == NULL;
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char name[4096];
        if (entry->d_name[0] != '.' &&
            snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) < (int)sizeof(name)) {
            failed |= replay(name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return failed;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        failed |= replay(argv[i]);
    }
    return failed;
}
