/* Holds a pod's namespaces: waits for a signal to end, and reaps what is orphaned in the pod. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal) { _exit(signal == 0); }
static void reap(int signal) { while (signal && waitpid(-1, 0, WNOHANG) > 0) {} }

int main(void) {
    struct sigaction ending = {.sa_handler = end}, reaping = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGINT, &ending, 0);
    sigaction(SIGTERM, &ending, 0);
    sigaction(SIGCHLD, &reaping, 0);
    for (;;) pause();
}
