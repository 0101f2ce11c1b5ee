using System.Globalization;
using AmcEngine.Serialization;

namespace AmcEngine.Tests.Model;

/// <summary>Miniatures of the files that encoders are published in: BERT's and DeiT's, with their own names.</summary>
internal static class EncoderFiles
{
    /// <summary>bert-base-uncased as published, pooler and next-sentence head included.</summary>
    /// <param name="hidden">Width.</param>
    /// <param name="ffn">Width of the feed-forward part.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="words">Rows of the word table.</param>
    /// <param name="positions">Rows of the position table.</param>
    /// <param name="oldNorms">Whether norms have gamma and beta, as files of TensorFlow's time.</param>
    public static List<TensorData> Bert(
        int hidden, int ffn, int layers, int words, int positions, bool oldNorms = true)
    {
        List<TensorData> file = [];
        void Add(string name, params long[] shape) => file.Add(Numbers(name, shape));
        void Dense(string name, int output, int input)
        {
            Add($"{name}.weight", output, input);
            Add($"{name}.bias", output);
        }
        void Norm(string name)
        {
            Add($"{name}.LayerNorm.{(oldNorms ? "gamma" : "weight")}", hidden);
            Add($"{name}.LayerNorm.{(oldNorms ? "beta" : "bias")}", hidden);
        }

        Add("bert.embeddings.word_embeddings.weight", words, hidden);
        Add("bert.embeddings.position_embeddings.weight", positions, hidden);
        Add("bert.embeddings.token_type_embeddings.weight", 2, hidden);
        Norm("bert.embeddings");
        for (var i = 0; i < layers; i++)
        {
            var layer = string.Create(CultureInfo.InvariantCulture, $"bert.encoder.layer.{i}");
            foreach (var name in new[] { "query", "key", "value" })
                Dense($"{layer}.attention.self.{name}", hidden, hidden);
            Dense($"{layer}.attention.output.dense", hidden, hidden);
            Norm($"{layer}.attention.output");
            Dense($"{layer}.intermediate.dense", ffn, hidden);
            Dense($"{layer}.output.dense", hidden, ffn);
            Norm($"{layer}.output");
        }
        Dense("bert.pooler.dense", hidden, hidden);
        Add("cls.predictions.bias", words);
        Dense("cls.predictions.transform.dense", hidden, hidden);
        Norm("cls.predictions.transform");
        file.Add(file[0].WithName("cls.predictions.decoder.weight"));
        Dense("cls.seq_relationship", 2, hidden);
        return file;
    }

    /// <summary>DeiT as published, classifier included.</summary>
    /// <param name="width">Width.</param>
    /// <param name="ffn">Width of the feed-forward part.</param>
    /// <param name="depth">Blocks.</param>
    /// <param name="patch">Side of a patch.</param>
    /// <param name="grid">Patches along a side.</param>
    public static List<TensorData> DeiT(int width, int ffn, int depth, int patch, int grid)
    {
        List<TensorData> file = [];
        void Add(string name, params long[] shape) => file.Add(Numbers(name, shape));
        void Pair(string name, params long[] shape)
        {
            Add($"{name}.weight", shape);
            Add($"{name}.bias", shape[0]);
        }

        Add("cls_token", 1, 1, width);
        Add("pos_embed", 1, 1 + grid * grid, width);
        Pair("patch_embed.proj", width, 3, patch, patch);
        for (var i = 0; i < depth; i++)
        {
            var block = string.Create(CultureInfo.InvariantCulture, $"blocks.{i}");
            Pair($"{block}.norm1", width);
            Pair($"{block}.attn.qkv", 3 * width, width);
            Pair($"{block}.attn.proj", width, width);
            Pair($"{block}.norm2", width);
            Pair($"{block}.mlp.fc1", ffn, width);
            Pair($"{block}.mlp.fc2", width, ffn);
        }
        Pair("norm", width);
        Pair("head", 7, width);
        return file;
    }

    /// <summary>Numbers between −0.5 and 0.5 that differ from name to name.</summary>
    private static TensorData Numbers(string name, long[] shape)
    {
        var random = new Random(name.Aggregate(17, (hash, c) => unchecked(hash * 31 + c)));
        var values = new float[shape.Aggregate(1L, (product, side) => product * side)];
        for (var i = 0; i < values.Length; i++) values[i] = random.NextSingle() - 0.5f;
        return TensorData.From(name, shape, values);
    }
}
