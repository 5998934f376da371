/* A disk that fails, for LD_PRELOAD: what the file $FAILING_DISK says while it is there.
 *
 *   write NAME    writing a file whose path has NAME in it fails with EIO
 *   sync NAME     syncing one does
 *   wait NAME     reading one waits until the file is gone
 *
 * Beside it, "$FAILING_DISK.told" has a line for each call that failed, and "again" for a sync of a file whose last sync
 * failed and that was not closed since: what the system could not write then is not tried again, only said to be written.
 *
 * Build: cc -shared -fPIC -o failing.so failing.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES 4096
static volatile char failed_sync[FILES];

#define REAL(kind, name, ...) \
    static kind (*real)(__VA_ARGS__); \
    if (!real) real = (kind (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t plain_write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, bytes, count);
}

static int plain_close(int fd) {
    REAL(int, "close", int);
    return real(fd);
}

static ssize_t plain_read(int fd, void *bytes, size_t count) {
    REAL(ssize_t, "read", int, void *, size_t);
    return real(fd, bytes, count);
}

static void path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void tell(const char *what, int fd) {
    char path[512], line[640];
    snprintf(path, sizeof path, "%s.told", getenv("FAILING_DISK"));
    int told = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (told < 0) return;
    path_of(fd, path, sizeof path);
    int length = snprintf(line, sizeof line, "%s %s\n", what, path);
    if (plain_write(told, line, length) < 0) { /* nobody to tell */ }
    plain_close(told);
}

/* Whether this is what is asked of this file now. */
static int asked(const char *what, int fd) {
    const char *control = getenv("FAILING_DISK");
    char text[256], path[512];
    if (!control) return 0;
    int file = open(control, O_RDONLY);
    if (file < 0) return 0;
    ssize_t length = plain_read(file, text, sizeof text - 1);
    plain_close(file);
    text[length < 0 ? 0 : length] = 0;
    text[strcspn(text, "\n")] = 0;
    size_t word = strlen(what);
    if (strncmp(text, what, word) || text[word] != ' ') return 0;
    path_of(fd, path, sizeof path);
    return strstr(path, text + word + 1) != NULL;
}

static int fails(const char *what, int fd) {
    int saved = errno;
    if (!asked(what, fd)) {
        errno = saved;
        return 0;
    }
    tell(what, fd);
    errno = EIO;
    return 1;
}

static void wait_for(int fd) {
    int saved = errno;
    while (asked("wait", fd)) usleep(10000);
    errno = saved;
}

static int sync_fails(int fd) {
    if (fd < 0 || fd >= FILES) return 0;
    if (failed_sync[fd]) tell("again", fd);
    failed_sync[fd] = fails("sync", fd);
    return failed_sync[fd];
}

int close(int fd) {
    if (fd >= 0 && fd < FILES) failed_sync[fd] = 0;
    return plain_close(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    return fails("write", fd) ? -1 : plain_write(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return fails("write", fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return fails("write", fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t read(int fd, void *bytes, size_t count) {
    wait_for(fd);
    return plain_read(fd, bytes, count);
}

ssize_t pread(int fd, void *bytes, size_t count, off_t at) {
    REAL(ssize_t, "pread", int, void *, size_t, off_t);
    wait_for(fd);
    return real(fd, bytes, count, at);
}

ssize_t pread64(int fd, void *bytes, size_t count, off64_t at) {
    REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
    wait_for(fd);
    return real(fd, bytes, count, at);
}

int fsync(int fd) {
    REAL(int, "fsync", int);
    return sync_fails(fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return sync_fails(fd) ? -1 : real(fd);
}
