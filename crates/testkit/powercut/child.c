/*
 * The victim of the power cut's own test: does to files of its folder what its arguments say, prints a line, and
 * waits to be killed.
 *
 *   w:name:offset:text  write    a:name:text  append    t:name:size  truncate    n:name:text  open anew (O_TRUNC), write
 *   s:name              sync     d:           sync the folder    u:name  unlink    r:old:new   rename
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static int file(const char *name, int flags) {
    int fd = open(name, O_CREAT | O_WRONLY | flags, 0600);
    must(fd, name);
    return fd;
}

static void act(char *order) {
    char *part[4] = {0};
    for (int i = 0; i < 4; i++) part[i] = strsep(&order, ":");
    char *name = part[1], *text = part[2];
    int fd = -1;
    switch (part[0][0]) {
    case 'w': fd = file(name, 0), must(pwrite(fd, part[3], strlen(part[3]), atol(text)), "pwrite"); break;
    case 'a': fd = file(name, O_APPEND), must(write(fd, text, strlen(text)), "write"); break;
    case 'n': fd = file(name, O_TRUNC), must(write(fd, text, strlen(text)), "write"); break;
    case 't': fd = file(name, 0), must(ftruncate(fd, atol(text)), "ftruncate"); break;
    case 's': fd = file(name, 0), must(fdatasync(fd), "fdatasync"); break;
    case 'd': fd = open(".", O_RDONLY | O_DIRECTORY), must(fsync(fd), "fsync"); break;
    case 'u': must(unlink(name), "unlink"); break;
    case 'r': must(rename(name, text), "rename"); break;
    default: must(-1, part[0]);
    }
    if (fd >= 0) close(fd);
}

int main(int count, char **orders) {
    for (int i = 1; i < count; i++) act(orders[i]);
    puts("done");
    fflush(stdout);
    for (;;) pause();
}
