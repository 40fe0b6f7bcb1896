/*
 * A power cut for one process: preloaded below SQLite, it keeps an undo log of what was written to the files beneath
 * POWERCUT_DIR and not yet synced. The process is then killed, and `powercut::undo` (src/powercut.rs) takes
 * back whatever a real disk might have lost.
 *
 * Writes go through at once, because SQLite reads through mmap; the before-image is logged first. The page cache
 * outlives a kill, so that the log (POWERCUT_LOG, outside of the folder) needs no sync of its own. A record torn
 * by the kill is the last one, and the write it announces has not happened.
 *
 * Not seen here: stores through mmap (SQLite's -shm; undo deletes it), copy_file_range, io_uring, and other processes
 * in the same folder at the same time. Linux, 64 bits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* What one record says; src/powercut.rs reads the same. All numbers are little-endian. */
enum kind {
    NAME = 1,   /* the file `id` is called `path` */
    IMAGE = 2,  /* before a change: `data` stood at `at`, and the file had `size` bytes */
    SYNCED = 3, /* all changes of `id` that stand before `at` in the log are durable */
    UNLINK = 4, /* `path` goes; `data` is all that was in it */
    RENAME = 5, /* `path` becomes `data` */
    FOLDER = 6, /* all names in the folder `path` that changed before `at` in the log are durable */
};

struct record {
    uint32_t magic, kind;
    uint64_t id, at, size, path_len, data_len;
};

#define MAGIC 0x54554350u /* "PCUT" */
#define FILES_MAX 4096

/* Files beneath the folder, by inode: descriptors may be duplicated, an inode stays what it is. */
static struct file {
    dev_t dev;
    ino_t ino;
    uint64_t id;
    int synchronous; /* opened with O_SYNC or O_DSYNC */
    char *path;
} files[FILES_MAX];
static size_t files_len;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static int log_fd = -1;
static uint64_t last_id;

static void die(const char *why) {
    fprintf(stderr, "powercut: %s: %s\n", why, strerror(errno));
    abort();
}

/* Opens the log and finds the folder, once; 0 when this process is not to be watched. */
static int watching(void) {
    const char *dir = getenv("POWERCUT_DIR"), *log = getenv("POWERCUT_LOG");
    if (!dir || !log) return 0;
    if (log_fd >= 0) return 1;
    if (!realpath(dir, folder)) return 0; /* Not made yet: nothing can lie in it. */
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) die("the log cannot be opened");
    return 1;
}

/* SQLite writes its -shm through mmap; it is rebuilt from the log after a crash. */
static int ours(const char *path) {
    size_t n = strlen(folder), m = strlen(path);
    if (strncmp(path, folder, n) != 0 || (path[n] != '/' && path[n] != 0)) return 0;
    return !(m > 4 && strcmp(path + m - 4, "-shm") == 0);
}

static uint64_t log_end(void) { return (uint64_t)lseek(log_fd, 0, SEEK_END); }

/* Appends one record with one write. */
static void append(enum kind kind, uint64_t id, uint64_t at, uint64_t size, const char *path, const void *data,
                   size_t data_len) {
    struct record head = {MAGIC, kind, id, at, size, path ? strlen(path) : 0, data_len};
    size_t len = sizeof head + head.path_len + data_len, done = 0;
    char *bytes = malloc(len);
    if (!bytes) die("no memory");
    memcpy(bytes, &head, sizeof head);
    if (path) memcpy(bytes + sizeof head, path, head.path_len);
    if (data_len) memcpy(bytes + sizeof head + head.path_len, data, data_len);
    while (done < len) {
        ssize_t n = syscall(SYS_write, log_fd, bytes + done, len - done);
        if (n < 0 && errno != EINTR) die("the log cannot be written");
        if (n > 0) done += (size_t)n;
    }
    free(bytes);
}

/* What stands in a file from `at` on, at most `len` bytes; *len becomes what was found. */
static char *content(int fd, uint64_t at, size_t *len) {
    char *bytes = malloc(*len + 1);
    size_t done = 0;
    if (!bytes) die("no memory");
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd); /* The descriptor may be open for writing only. */
    int reader = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
    if (reader < 0) die("a before-image cannot be read");
    while (done < *len) {
        ssize_t n = syscall(SYS_pread64, reader, bytes + done, *len - done, at + done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += (size_t)n;
    }
    syscall(SYS_close, reader);
    *len = done;
    return bytes;
}

static struct file *by_inode(const struct stat *s) {
    for (size_t i = 0; i < files_len; i++)
        if (files[i].ino == s->st_ino && files[i].dev == s->st_dev) return &files[i];
    return NULL;
}

/* The file behind a descriptor if it is ours; fills in its state. */
static struct file *by_fd(int fd, struct stat *s) {
    if (!files_len || fstat(fd, s) != 0 || !S_ISREG(s->st_mode)) return NULL;
    return by_inode(s);
}

/* Makes a file known that has just been opened. */
static void learn(int fd, int flags) {
    struct stat s;
    char name[64], path[PATH_MAX];
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(name, path, sizeof path - 1);
    path[n < 0 ? 0 : n] = 0;
    struct file *file = by_inode(&s);
    int inside = ours(path);
    if (file && (!inside || strcmp(file->path, path) != 0)) { /* The inode has come to serve another file. */
        free(file->path);
        *file = files[--files_len];
        file = NULL;
    }
    if (!inside) return;
    if (!file) {
        if (files_len == FILES_MAX) die("too many files");
        file = &files[files_len++];
        *file = (struct file){s.st_dev, s.st_ino, ((uint64_t)getpid() << 32) | ++last_id, 0, strdup(path)};
        append(NAME, file->id, 0, 0, path, NULL, 0);
    }
    if (flags & (O_DSYNC | O_SYNC)) file->synchronous = 1;
}

/* Logs what a change of `len` bytes at `at` will overwrite. */
static void before(int fd, const struct file *file, const struct stat *s, uint64_t at, uint64_t len) {
    uint64_t size = (uint64_t)s->st_size;
    size_t kept = at >= size ? 0 : (size_t)(size - at < len ? size - at : len);
    char *bytes = content(fd, at, &kept);
    append(IMAGE, file->id, at, size, NULL, bytes, kept);
    free(bytes);
}

/* A change that follows its before-image, both under the lock; `at` < 0 is the descriptor's own place. */
#define CHANGE(fd, place, length, call)                                                                                \
    do {                                                                                                               \
        struct stat s;                                                                                                 \
        long result;                                                                                                   \
        pthread_mutex_lock(&lock);                                                                                     \
        struct file *file = by_fd(fd, &s);                                                                             \
        if (file) {                                                                                                    \
            off_t at = (place);                                                                                        \
            if (fcntl(fd, F_GETFL) & O_APPEND) at = s.st_size;                                                         \
            else if (at < 0) at = lseek(fd, 0, SEEK_CUR);                                                              \
            before(fd, file, &s, (uint64_t)at, (uint64_t)(length));                                                    \
        }                                                                                                              \
        result = (call);                                                                                               \
        int error = errno;                                                                                             \
        if (file && file->synchronous) append(SYNCED, file->id, log_end(), 0, NULL, NULL, 0);                          \
        pthread_mutex_unlock(&lock);                                                                                   \
        errno = error;                                                                                                 \
        return result;                                                                                                 \
    } while (0)

static size_t total(const struct iovec *parts, int count) {
    size_t sum = 0;
    for (int i = 0; i < count; i++) sum += parts[i].iov_len;
    return sum;
}

ssize_t write(int fd, const void *data, size_t len) { CHANGE(fd, -1, len, syscall(SYS_write, fd, data, len)); }

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at) {
    CHANGE(fd, at, len, syscall(SYS_pwrite64, fd, data, len, at));
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at) { return pwrite64(fd, data, len, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    CHANGE(fd, -1, total(parts, count), syscall(SYS_writev, fd, parts, count));
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
    CHANGE(fd, at, total(parts, count), syscall(SYS_pwritev, fd, parts, count, at, 0));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

/* Everything behind the new end is lost, and nothing when the file grows. */
int ftruncate64(int fd, off64_t size) {
    struct stat s;
    pthread_mutex_lock(&lock);
    struct file *file = by_fd(fd, &s);
    if (file && size >= 0) before(fd, file, &s, (uint64_t)size, UINT64_MAX);
    int result = (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* Any mode: what it may change is in the range, or behind it when the range collapses. */
int fallocate64(int fd, int mode, off64_t at, off64_t len) {
    struct stat s;
    pthread_mutex_lock(&lock);
    struct file *file = by_fd(fd, &s);
    if (file && at >= 0 && len > 0) before(fd, file, &s, mode ? (uint64_t)at : (uint64_t)s.st_size, UINT64_MAX);
    int result = (int)syscall(SYS_fallocate, fd, mode, at, len);
    pthread_mutex_unlock(&lock);
    return result;
}

int fallocate(int fd, int mode, off_t at, off_t len) { return fallocate64(fd, mode, at, len); }
int posix_fallocate64(int fd, off64_t at, off64_t len) { return fallocate64(fd, 0, at, len) == 0 ? 0 : errno; }
int posix_fallocate(int fd, off_t at, off_t len) { return posix_fallocate64(fd, at, len); }

/* Only what was written before the call began is durable when it returns. */
static int synced(int fd, long call) {
    struct stat s;
    uint64_t seen = 0, id = 0;
    char name[64], path[PATH_MAX] = "";
    pthread_mutex_lock(&lock);
    if (watching()) {
        struct file *file = by_fd(fd, &s);
        if (file) id = file->id;
        else if (fstat(fd, &s) == 0 && S_ISDIR(s.st_mode)) {
            snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
            ssize_t n = readlink(name, path, sizeof path - 1);
            path[n < 0 ? 0 : n] = 0;
        }
        seen = log_end();
    }
    pthread_mutex_unlock(&lock);
    int result = (int)syscall(call, fd);
    if (result != 0) return result; /* A failed sync promises nothing. */
    pthread_mutex_lock(&lock);
    if (id) append(SYNCED, id, seen, 0, NULL, NULL, 0);
    else if (path[0] && ours(path)) append(FOLDER, 0, seen, 0, path, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

/* Opens; what O_TRUNC takes away is logged before. */
static int opened(int dir, const char *path, int flags, mode_t mode) {
    pthread_mutex_lock(&lock);
    int watched = watching(), writes = (flags & O_ACCMODE) != O_RDONLY;
    if (watched && writes && (flags & O_TRUNC)) {
        int fd = (int)syscall(SYS_openat, dir, path, (flags & ~(O_TRUNC | O_CREAT | O_EXCL)) | O_CLOEXEC, mode);
        struct stat s;
        if (fd >= 0) {
            learn(fd, 0);
            struct file *file = by_fd(fd, &s);
            if (file) before(fd, file, &s, 0, UINT64_MAX);
            syscall(SYS_close, fd);
        }
    }
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode), error = errno;
    if (fd >= 0 && watched && writes) learn(fd, flags);
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

static mode_t mode_of(int flags, va_list rest) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name, head, dir)                                                                                          \
    int name head {                                                                                                    \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = mode_of(flags, rest);                                                                            \
        va_end(rest);                                                                                                  \
        return opened(dir, path, flags, mode);                                                                         \
    }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int dir, const char *path, int flags, ...), dir)
OPEN(openat64, (int dir, const char *path, int flags, ...), dir)

int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* The real path of a name whose last part need not exist. */
static int whole(int dir, const char *path, char out[PATH_MAX]) {
    char copy[PATH_MAX], base[PATH_MAX] = "";
    if (dir != AT_FDCWD && path[0] != '/') {
        char name[64];
        snprintf(name, sizeof name, "/proc/self/fd/%d", dir);
        ssize_t n = readlink(name, base, sizeof base - 2);
        if (n < 0) return 0;
        base[n] = '/';
        base[n + 1] = 0;
    }
    if (snprintf(copy, sizeof copy, "%s%s", base, path) >= (int)sizeof copy) return 0;
    char *slash = strrchr(copy, '/');
    const char *last = slash ? slash + 1 : copy;
    if (slash) *slash = 0;
    char real[PATH_MAX];
    if (!realpath(slash ? (copy[0] ? copy : "/") : ".", real)) return 0;
    return snprintf(out, PATH_MAX, "%s/%s", real, last) < PATH_MAX;
}

/* Logs what goes with a name, before it goes; whether there was such a file. Its inode may soon serve another. */
static int departs(const char *path) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    struct stat s;
    if (fd < 0) return 0;
    learn(fd, 0);
    struct file *file = by_fd(fd, &s);
    if (file) {
        size_t len = (size_t)s.st_size;
        char *bytes = content(fd, 0, &len);
        append(UNLINK, file->id, 0, len, path, bytes, len);
        free(bytes);
        file->path[0] = 0;
    }
    syscall(SYS_close, fd);
    return file != NULL;
}

int unlinkat(int dir, const char *path, int flags) {
    char real[PATH_MAX];
    pthread_mutex_lock(&lock);
    int inside = watching() && !(flags & AT_REMOVEDIR) && whole(dir, path, real) && ours(real) && departs(real);
    int result = (int)syscall(SYS_unlinkat, dir, path, flags);
    if (result != 0 && inside) die("a logged unlink failed");
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int remove(const char *path) {
    int result = unlink(path);
    return result != 0 && errno == EISDIR ? rmdir(path) : result;
}

int renameat2(int old_dir, const char *old, int new_dir, const char *new, unsigned flags) {
    char from[PATH_MAX], to[PATH_MAX];
    struct stat s;
    pthread_mutex_lock(&lock);
    int inside = watching() && whole(old_dir, old, from) && whole(new_dir, new, to) && ours(from) && ours(to);
    if (inside && stat(from, &s) == 0 && S_ISREG(s.st_mode)) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, from, O_RDWR | O_CLOEXEC);
        if (fd >= 0) learn(fd, 0), syscall(SYS_close, fd);
        departs(to);
        struct file *file = by_inode(&s);
        if (file) {
            append(RENAME, file->id, 0, 0, from, to, strlen(to));
            free(file->path);
            file->path = strdup(to);
        }
    }
    int result = (int)syscall(SYS_renameat2, old_dir, old, new_dir, new, flags);
    if (result != 0 && inside) die("a logged rename failed");
    pthread_mutex_unlock(&lock);
    return result;
}

int renameat(int od, const char *old, int nd, const char *new) { return renameat2(od, old, nd, new, 0); }
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }
