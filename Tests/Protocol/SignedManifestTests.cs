using System.Text;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Protocol;

/// <summary>The digest of a manifest that is signed within itself is that of the text which was signed, and of nothing else.</summary>
public sealed class SignedManifestTests
{
    private const string Begin = SignedImage.Begin;

    private static readonly string Right = SignedImage.Signature(Begin.Length, SignedImage.Tail);

    private static readonly string[] Hostile =
    [
        Text(Begin), Text(Begin, SignedImage.Signature(Begin.Length + 100_000, "\n}")), Text(Begin, SignedImage.Signature(-1, "\n}")),
        Text(Begin, SignedImage.Signature("99999999999999999999999", "\n}")), Text(Begin, SignedImage.Signature("1e300", "\n}")), Text(
            Begin, SignedImage.Signature("1.5", "\n}")),
        Text(Begin, SignedImage.Signature("\"9\"", "\n}")), Text(Begin, SignedImage.Signature(0, "\n}")), Text(
            Begin, SignedImage.Signature(Begin.Length - 1, "\n}")),
        Text(Begin, SignedImage.Signature(Begin.Length + 1, "\n}")), Text(Begin, SignedImage.Signature(Begin.Length, "")), Text(
            Begin, SignedImage.Signature(Begin.Length, ",\"tag\":\"v2\"}")),
        Text(Begin, SignedImage.Signature(Begin.Length, new string(' ', 100) + "}")), Text(
            Begin, SignedImage.Signature("""{"formatLength":9,"formatTail":"!!!"}""")),
        Text(Begin, SignedImage.Signature($$"""{"formatLength":{{Begin.Length}},"formatLength":{{Begin.Length}},"formatTail":"Cn0"}""")),
        Text(Begin, SignedImage.Signature($$"""{"formatLength":{{Begin.Length}},"formatTail":"\ud800"}""")), Text(
            Begin, SignedImage.Signature("""{"formatTail":"Cn0"}""")),
        Text(Begin, SignedImage.Signature("[]")), Text(Begin, SignedImage.Signature("")), Text(
            Begin, SignedImage.Signature(new string('[', 3000))), Text(Begin, "7"), Text(Begin, "{}"),
        Text(Begin, """{"protected":"***"}"""), Text(Begin, """{"protected":7}"""), Text(
            Begin, $$"""{"protected":"{{new string('A', 100_000)}}"}"""),
        Text(Begin, Right, SignedImage.Signature(Begin.Length, " }")), Text(
            Begin, Right, SignedImage.Signature(Begin.Length - 1, "\n}")), Text(Begin, [.. Enumerable.Repeat(Right, 17)]),
        Text(Begin, Right)[..^2] + ",\"tag\":\"v2\"}", Text(Begin, Right)[..^2] + $",\"signatures\":[{Right}]}}", Text(Begin, Right) + "x",
        Text(Begin, Right)[..^1],
        $"{{\"signatures\":[{Right}]}}", Text(Begin + ",\"signatures\":1", Right), "", "[]", "\ud83d", new string(
            '[', 1_000_000), string.Concat(Enumerable.Repeat("{\"a\":", 500_000)),
        Text(Begin[..^2] + string.Concat(Enumerable.Repeat("[", 100)) + string.Concat(Enumerable.Repeat("]", 100)), Right),
        """{"a":1,"signatures":{"protected":"x"}}""",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_manifest_is_known_by_the_digest_of_what_was_signed(int signatures)
    {
        var bytes = SignedImage.Text(Begin, Enumerable.Repeat(Right, signatures));
        var digest = TestBlob.Of(Begin + SignedImage.Tail).Digest;
        Assert.True(ContentDigest.IsManifest(digest, SignedImage.MediaType, bytes));
        Assert.True(ContentDigest.IsManifest(digest, SignedImage.MediaType + "; charset=utf-8", bytes));
        Assert.Equal(digest, ContentDigest.OfManifest(null, SignedImage.MediaType, bytes));
        Assert.Equal(digest, ContentDigest.OfManifest(new TestBlob(bytes).Digest, SignedImage.MediaType, bytes));
        Assert.False(ContentDigest.IsManifest(digest, TestImage.OciManifest, bytes));
        Assert.False(ContentDigest.IsManifest(TestBlob.Of("{}").Digest, SignedImage.MediaType, bytes));
    }

    [Fact]
    public void A_compact_one_is_known_too_and_one_without_signatures_by_its_bytes()
    {
        const string Compact = """{"schemaVersion":1,"name":"a/b\"signatures\""}""";
        var bytes = Encoding.UTF8.GetBytes(Compact[..^1] + $",\"signatures\":[{SignedImage.Signature(Compact.Length - 1, "}")}]}}");
        Assert.Equal(TestBlob.Of(Compact).Digest, ContentDigest.OfManifest(null, SignedImage.MediaType, bytes));
        Assert.Equal(TestBlob.Of(Compact).Digest, ContentDigest.OfManifest(null, SignedImage.MediaType, TestBlob.Of(Compact).Bytes));
    }

    [Fact]
    public void What_does_not_tell_one_text_or_is_more_than_it_is_none() => Assert.All(Hostile, text =>
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.Null(SignedManifest.TextOf(bytes));
        Assert.Equal(new TestBlob(bytes).Digest, ContentDigest.OfManifest(null, SignedImage.MediaType, bytes));
    });

    private static string Text(string begin, params string[] signatures) => Encoding.UTF8.GetString(SignedImage.Text(begin, signatures));
}
