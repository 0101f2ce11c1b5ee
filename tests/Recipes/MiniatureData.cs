using System.Text.Json;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.DataTools.Imports;

namespace AmcEngine.Tests.Recipes;

/// <summary>
/// A working folder as the reference's programs expect it, with eight small pictures in place of its data sets, and a
/// small <c>configs/config_bert.json</c>.
/// </summary>
internal static class MiniatureData
{
    /// <summary>Boxes of the pictures as x, y, width and height, by number.</summary>
    public static readonly int[][] Boxes =
        [[2, 3, 20, 18], [10, 8, 25, 30], [0, 0, 40, 24], [15, 20, 30, 25], [5, 5, 38, 38], [24, 2, 20, 40],
            [8, 12, 16, 30], [1, 1, 44, 12]];

    private static readonly string[] Phrases =
        ["red car on the left", "a tall man", "the blue cup", "small dog", "man in a hat", "wooden chair",
            "two birds", "the largest window"];

    private static readonly string[] Splits = ["val", "val", "val", "testA", "testA", "testB", "testB", "testB"];

    /// <summary>Number of the pictures.</summary>
    public const int Count = 8;

    /// <summary>The phrase about a picture.</summary>
    public static string Phrase(int i) => Phrases[i];

    /// <summary>Writes everything below a folder.</summary>
    public static void Write(TempFolder folder)
    {
        foreach (var name in new[] { "configs", "data/refcoco+", "data/refclef", "vg", "train2014", "saiapr",
            "flickr30k-images", "info-ground/flickr30k_downloads", "info-ground/flickr30k_proc" })
            Directory.CreateDirectory(folder.PathOf(name));
        folder.Write("configs/config_bert.json",
            """{"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "num_hidden_layers": 2, "fusion_layer": 1, "encoder_width": 16, "vocab_size": 30522, "hidden_act": "gelu", "max_position_embeddings": 64}""");
        SceneExporter.Export(
            SceneKinds.Create("scenes", 48), folder.Path, Count, 1, SceneSplit.Train, SceneFormat.Jpeg);
        for (var i = 0; i < Count; i++)
        {
            var picture = folder.PathOf($"images/{i:D6}.jpg");
            foreach (var copy in new[] { $"vg/{i}.jpg", $"train2014/{Coco(i)}", $"saiapr/{i}.jpg",
                $"flickr30k-images/{7000 + i}.jpg" })
                File.Copy(picture, folder.PathOf(copy));
        }
        WriteTraining(folder);
        WriteRefer(folder, "refcoco+", i => $"train2014/{Coco(i)}", Splits);
        WriteRefer(folder, "refclef", i => $"saiapr/{i}.jpg", [.. Enumerable.Repeat("train", Count)]);
        WriteFlickr(folder);
    }

    /// <summary>Pictures with captions and boxes; without; with parts that have synonyms.</summary>
    private static void WriteTraining(TempFolder folder)
    {
        string[] regions = ["vg_descriptions", "vg_attributes_spatial", "vg_attributes"];
        for (var f = 0; f < regions.Length; f++)
            List($"data/{regions[f]}.json", i => new
            {
                image = $"{i}.jpg",
                caption = i % 2 == 0 ? (object)Phrase(i) : new[] { Phrase(i), Phrase((i + f + 1) % Count) },
                bbox = new[] { Corners(i), Corners((i + 1) % Count) },
            });
        foreach (var name in new[] { "coco", "vg", "cc12m", "cc3m_train", "cc3m_val", "sbu" })
            List($"data/{name}.json", i => new
            {
                image = $"vg/{i}.jpg",
                caption = name == "coco" ? (object)new[] { Phrase(i), Phrase((i + 3) % Count) } : Phrase(i),
            });
        List("data/vicuna_v1_6.json", i => new
        {
            image = $"{i}.jpg",
            caption = Phrase(i),
            bbox = new[] { Corners(i) },
            relation = Relation(i),
        });
        List("data/vicuna_coco2014_shortchunk_relation_v3.json", i => new
        {
            image = $"train2014/{Coco(i)}",
            caption = "a sentence that is not used",
            phrase_chunks = new[] { Phrase(i), Phrase(i) + " here" },
            relation = Relation(i),
        });

        void List(string name, Func<int, object> entry) => folder.Write(
            name, JsonSerializer.Serialize(Enumerable.Range(0, Count).Select(entry)));
    }

    /// <summary>
    /// REFER's files, lists of expressions without boxes as ALBEF made them of these, and boxes of a detector.
    /// </summary>
    private static void WriteRefer(TempFolder folder, string name, Func<int, string> image, string[] splits)
    {
        folder.Write($"data/{name}/instances.json", JsonSerializer.Serialize(new
        {
            images = Enumerable.Range(0, Count).Select(
                i => new { id = 5000 + i, file_name = Path.GetFileName(image(i)), width = 48, height = 48 }),
            annotations = Enumerable.Range(0, Count).Select(
                i => new { id = 900 + i, image_id = 5000 + i, category_id = 1, bbox = Boxes[i], iscrowd = 0 }),
            categories = new[] { new { id = 1, name = "thing" } },
        }));
        folder.Write($"data/{name}/refs(unc).p", PythonPickle.Of(Enumerable.Range(0, Count).Select(
            i => (object)ReferTests.Expression(100 + i, 900 + i, 5000 + i, splits[i], Phrase(i), "it")).ToArray(), 2));
        string[] lists = name == "refcoco+"
            ? ["refcoco+_train", "refcoco+_val", "refcoco+_test", "refcoco+_val_new_path", "refcoco+_test_new_path"]
            : ["refclef_val_1k_unique", "refclef_test_10k_unique"];
        foreach (var list in lists)
        {
            folder.Write($"data/{list}.json", JsonSerializer.Serialize(Enumerable.Range(0, Count)
                .Where(i => list.Contains("train") || (i < 3) == list.Contains("val"))
                .SelectMany(i => new[] { Phrase(i), $"it, no. {i}" }.Select(text => Entry(i, text)))));
        }
        folder.Write($"data/{name}/dets.json", JsonSerializer.Serialize(Enumerable.Range(0, Count).ToDictionary(
            i => $"{5000 + i}", i => new[] { Boxes[i], Boxes[(i + 3) % Count] })));

        object Entry(int i, string text) => name == "refcoco+"
            ? new { image = image(i), text, ref_id = 100 + i }
            : new { image = image(i), text, ref_id = 100 + i, split = i < 3 ? "val" : "test_10k" };
    }

    /// <summary>info-ground's files: two sentences a picture, a phrase of two boxes, one without any.</summary>
    private static void WriteFlickr(TempFolder folder)
    {
        foreach (var (split, numbers) in new[] { ("val", new[] { 2, 0 }), ("test", [5, 6, 7]) })
        {
            folder.Write(
                $"info-ground/flickr30k_downloads/{split}.txt", string.Join('\n', numbers.Select(i => 7000 + i)));
            folder.Write($"info-ground/flickr30k_proc/bounding_boxes_{split}.json", JsonSerializer.Serialize(
                Enumerable.Range(0, Count).ToDictionary(i => $"{7000 + i}", i => new
                {
                    boxes = new Dictionary<string, int[][]>
                    {
                        ["5"] = [Corners(i)],
                        ["7"] = [Corners(i), Corners((i + 1) % Count)],
                    },
                    scene = new[] { "9" },
                    width = 48,
                    height = 48,
                })));
            folder.Write($"info-ground/flickr30k_proc/sentences_{split}.json", JsonSerializer.Serialize(
                Enumerable.Range(0, Count).ToDictionary(i => $"{7000 + i}", i => new[]
                {
                    Sentence((Phrase(i), "5"), ("A yard", "9")), Sentence(("Things", "7"), (Phrase(i), "5")),
                })));
        }

        static object Sentence(params (string Text, string Id)[] phrases) => new
        {
            sentence = string.Join(' ', phrases.Select(p => p.Text)),
            phrases = phrases.Select(
                p => new { first_word_index = 0, phrase = p.Text, phrase_id = p.Id, phrase_type = new[] { "other" } }),
        };
    }

    private static object Relation(int i) => new
    {
        group = Phrase(i).Split(' ')[^1],
        synonym = i == 3 ? [] : new[] { "thing", "object" },
        antonym = Array.Empty<string>(),
        hypernym = new[] { "entity" },
        exclusion = Array.Empty<string>(),
    };

    private static int[] Corners(int i) =>
        [Boxes[i][0], Boxes[i][1], Boxes[i][0] + Boxes[i][2], Boxes[i][1] + Boxes[i][3]];

    private static string Coco(int i) => $"COCO_train2014_{5000 + i:D12}.jpg";
}
