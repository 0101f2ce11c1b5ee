/* The peer of `bench collectives`: MPI_Allreduce of floats in place, as a plain program calls it.
 * Arguments: numbers of bytes. Rank 0 prints a line each: bytes, and seconds a call. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int rank, provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    /* As in bench/Collectives/CollectivesRun.cs. */
    static float small[1024];
    for (int i = 0; i < 20000; i++)
        MPI_Allreduce(MPI_IN_PLACE, small, 1024, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    for (int a = 1; a < argc; a++) {
        long bytes = atol(argv[a]);
        int count = (int)(bytes / sizeof(float));
        int calls = (int)((64L << 20) / bytes);
        calls = calls < 4 ? 4 : calls > 400 ? 400 : calls;
        float *data = malloc(bytes);
        for (int i = 0; i < count; i++) data[i] = 0;
        for (int i = 0; i < 3; i++) MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        for (int i = 0; i < calls; i++) MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        double seconds = (MPI_Wtime() - start) / calls;
        MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        if (rank == 0) printf("%ld %.9g\n", bytes, seconds);
        free(data);
    }
    MPI_Finalize();
    return 0;
}
