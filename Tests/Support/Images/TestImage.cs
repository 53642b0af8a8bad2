using System.Formats.Tar;
using System.Text.Json;

namespace RegistryProxy.Tests.Support.Images;

/// <summary>
/// An image built on the spot: busybox and a file of random bytes. No two share a layer: Docker Engine would join the pulls of a layer, and
/// one of a test would fail with the registry of another.
/// </summary>
internal sealed class TestImage
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";

    private TestImage(IReadOnlyList<TestBlob> layers, TestBlob config, TestBlob manifest) =>
        (Layers, Config, Manifest) = (layers, config, manifest);

    public IReadOnlyList<TestBlob> Layers { get; }

    public TestBlob Config { get; }

    public TestBlob Manifest { get; }

    public IEnumerable<TestBlob> Blobs => [.. Layers, Config];

    /// <summary>An image with a layer of busybox and one layer for each of the sizes.</summary>
    public static TestImage Build(int seed, params int[] layerSizes) => BuildFor("", seed, layerSizes);

    /// <summary>Such an image that runs as a user.</summary>
    public static TestImage BuildFor(string user, int seed, params int[] layerSizes) => Build("amd64", user, seed, layerSizes);

    /// <summary>An image for an architecture, as its configuration says; what it runs is this machine's.</summary>
    public static TestImage BuildOn(string architecture, int seed) => Build(architecture, "", seed, []);

    private static TestImage Build(string architecture, string user, int seed, int[] layerSizes)
    {
        var layers = layerSizes.Select((size, index) => Layer($"data-{index}", TestBlob.Random((seed * 100) + index, size).Bytes))
            .Prepend(Layer("bin/busybox", File.ReadAllBytes("/bin/busybox"), seed)).ToList();
        var config = Json(new
        {
            architecture,
            os = "linux",
            config = new { User = user, Cmd = new[] { "/bin/busybox", "true" }, Labels = new { seed = seed.ToString() } },
            rootfs = new { type = "layers", diff_ids = layers.Select(layer => layer.Digest.Value) },
        });
        var manifest = Json(new
        {
            schemaVersion = 2,
            mediaType = OciManifest,
            config = Descriptor("application/vnd.oci.image.config.v1+json", config),
            layers = layers.Select(layer => Descriptor("application/vnd.oci.image.layer.v1.tar", layer)),
        });
        return new TestImage(layers, config, manifest);
    }

    /// <summary>An index of images for several architectures.</summary>
    public static TestBlob Index(params (TestImage Image, string Architecture)[] images) => Json(new
    {
        schemaVersion = 2,
        mediaType = OciIndex,
        manifests = images.Select(entry => new
        {
            mediaType = OciManifest,
            digest = entry.Image.Manifest.Digest.Value,
            size = entry.Image.Manifest.Bytes.Length,
            platform = new { os = "linux", architecture = entry.Architecture },
        }),
    });

    /// <summary>Writes an OCI image layout, for skopeo.</summary>
    public void WriteLayout(string folder)
    {
        var blobs = Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256")).FullName;
        foreach (var blob in Blobs.Append(Manifest))
        {
            File.WriteAllBytes(Path.Combine(blobs, blob.Digest.Hex), blob.Bytes);
        }

        File.WriteAllText(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        File.WriteAllBytes(Path.Combine(folder, "index.json"), Index((this, "amd64")).Bytes);
    }

    private static TestBlob Layer(string path, byte[] content, int age = 0)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Ustar))
        {
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path)
            {
                DataStream = new MemoryStream(content),
                Mode = (UnixFileMode)0b111_101_101,
                ModificationTime = DateTimeOffset.UnixEpoch.AddSeconds(age),
            });
        }

        return new TestBlob(stream.ToArray());
    }

    private static object Descriptor(string mediaType, TestBlob blob) =>
        new { mediaType, digest = blob.Digest.Value, size = blob.Bytes.Length };

    private static TestBlob Json<T>(T value) => new(JsonSerializer.SerializeToUtf8Bytes(value));
}
