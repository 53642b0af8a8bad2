using System.Text.Json;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Images;

/// <summary>Manifests that refer to another one, as clients attach signatures and bills of materials.</summary>
internal static class TestReferrer
{
    /// <summary>The empty descriptor's blob (OCI image-spec).</summary>
    public static TestBlob Config { get; } = TestBlob.Of("{}");

    public static TestBlob Of(Digest subject, string type, int number = 0) => new(JsonSerializer.SerializeToUtf8Bytes(new
    {
        schemaVersion = 2,
        mediaType = TestImage.OciManifest,
        artifactType = type,
        config = Descriptor("application/vnd.oci.empty.v1+json", Config.Digest, Config.Bytes.Length),
        layers = new[] { Descriptor("application/vnd.oci.empty.v1+json", Config.Digest, Config.Bytes.Length) },
        subject = Descriptor(TestImage.OciManifest, subject, 100),
        annotations = new Dictionary<string, string> { ["number"] = number.ToString() },
    }));

    /// <summary>What a front door lists, of one type or of all.</summary>
    public static async Task<string[]> List(this RegistryClient client, string repository, Digest subject, string type = "")
    {
        using var response = await client.Do(
            HttpMethod.Get, $"/v2/{repository}/referrers/{subject}{(type.Length > 0 ? $"?artifactType={Uri.EscapeDataString(type)}" : "")}",
            RegistryClient.Pull(repository));
        await response.ShouldBe(System.Net.HttpStatusCode.OK);
        Assert.Equal(TestImage.OciIndex, response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(type.Length > 0, response.Headers.Contains("OCI-Filters-Applied"));
        using var index = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return [.. index.RootElement.GetProperty("manifests").EnumerateArray().Select(entry => entry.GetProperty("digest").GetString()!)];
    }

    /// <summary>The subject that an answer to a push names.</summary>
    public static string? SubjectOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("OCI-Subject", out var values) ? values.Single() : null;

    private static object Descriptor(string mediaType, Digest digest, int size) => new { mediaType, digest = digest.Value, size };
}
