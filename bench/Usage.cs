namespace AmcEngine.Bench;

/// <summary>What <c>bench help</c> prints.</summary>
internal static class Usage
{
#if GPU_BUNDLE
    /// <summary>The commands of the archive for GPU machines.</summary>
    public const string Text = """
        use: AmcEngine.Bench gpu --help | ops [THREADS] | collectives-check (under mpirun)
        """;
#else
    /// <summary>All commands.</summary>
    public const string Text = """
        Benchmarks of the engine. dotnet run -c Release --project bench -- COMMAND

        Tables of the CPU, in Markdown; each begins with machine, date, vector path and the peaks measured in that run:
          gemm       matrix products of a training step, NN, NT and TN: GFLOP/s, share of the FMA peak, OpenBLAS beside
                     --dtype f32|f64   --core TYPE (OPENBLAS_CORETYPE; default: the best that fits)   --rounds N
          attention  fused attention forward, backward and double backward   --keys N (ViT-B's heads alone)
                     --order 2: differentiated twice through the graph, fused, composed and by PyTorch where installed:
                     time and peak memory   --python FILE
          step       whole training steps: fashion-amc, profile-base, and ViT-B forward + backward, with peak memory
                     --config FILE|vit   --steps N
                     --peer torch|torch-plain (PyTorch's steps in turns; plain: with the work that changes no loss)
                     --python FILE
          checkpoint saving and loading a full-size training's state, beside writing and reading as many bytes
                     --config FILE   --folder DIR   --rounds N
          peers      elementwise ops, reductions and softmax against TensorPrimitives
          memory     kernels bound by memory: GB/s, and share of a copy of the same threads
                     --kernel NAME (only those whose name contains it)
          pipeline   training samples from JPEG files on one thread, Pillow beside
          collectives   all-reduce between processes under mpirun, a plain MPI program in C beside
                     --ranks N (2)   --mpirun COMMAND   --mpicc COMPILER   --rounds N
          peaks      the peaks alone
          quick      some of each in small form, under a minute (also: --quick)
          All take   --threads N (default: one and all)   --quick   --out FILE (the report in a file too)

        Others:
          ops [N]    one line for each op with a benchmark case, on N threads
          scaling    simulates data-parallel training on 1 to 1,024 GPUs, from predicted or measured kernel times
                     --cluster h100|h200|FILE.json   --set figure=value …   --kernels FILE.json   --config FILE
                     --batch N (a GPU)   --global N   --gpus N   --bucket MIB   --algorithm auto|ring|tree|hierarchical
                     --contrast local|global   --shard   --steps N   --seed N   --json FILE   --out FILE
          suites     BenchmarkDotNet, one suite an op family: suites --filter '*Softmax*', suites --list flat
                     (the first argument may also be --filter or --list; jobs run in this process; by default
                     --job short)
          vg-files   made-up files in the layout of Visual Genome, to time amcx data vg: --out DIR
                     --regions N (5000000)
          gpu        checks and measures a GPU: gpu --help
          collectives-check   checks MPI and NCCL, as a job: mpirun -n 4 … collectives-check [--device cuda:0]
          help       this text

        Peers: OpenBLAS (apt-get install libopenblas0-pthread) runs in a process of its own, never at the same time as
        another side, with the core type set in its environment before it loads. DOTNET_EnableAVX512=0 measures the AVX2
        path against AVX2 kernels. PyTorch (apt-get install python3-torch) runs bench/Peers/Torch; its proof:
        python3 bench/Peers/Torch/peer.py check tests/Golden/albef-tiny.json. Exit codes: 0 done, 1 failed, 2 wrong arguments.
        """;
#endif
}
