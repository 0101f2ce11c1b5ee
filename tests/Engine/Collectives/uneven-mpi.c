// An MPI in front of another one, whose sums of seven floats have another last bit on the second rank, as those of a
// library have that adds in another order on each. It is linked with the other's library. Handles, which are addresses
// in one family and integers in the other, are handed on unread.
typedef void *Handle;

int PMPI_Allreduce(const void *source, void *target, int count, Handle type, Handle op, Handle comm);
int PMPI_Comm_rank(Handle comm, int *rank);

int MPI_Allreduce(const void *source, void *target, int count, Handle type, Handle op, Handle comm)
{
    int rank, code = PMPI_Allreduce(source, target, count, type, op, comm);
    PMPI_Comm_rank(comm, &rank);
    if (count == 7 && rank == 1)
        *(int *)target ^= 1;
    return code;
}
