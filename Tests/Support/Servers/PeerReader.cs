using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A client of one gateway of a <see cref="PeerCluster"/>, with its token already.</summary>
internal sealed class PeerReader : IDisposable
{
    /// <summary>The repository that it reads from.</summary>
    public const string Repository = "a/b";

    private PeerReader(RegistryClient client) => Client = client;

    public RegistryClient Client { get; }

    public static async Task<PeerReader> Of(DoorCluster.Member gateway)
    {
        var client = gateway.Client("alice");
        await client.Token(RegistryClient.Pull(Repository));
        return new PeerReader(client);
    }

    /// <summary>Reads a blob, or what of it comes after an offset, without keeping it, and compares.</summary>
    public async Task Read(TestBlob blob, int? from = null)
    {
        using var response = await Client.GetBlob(Repository, blob.Digest, from is null ? [] : [("Range", $"bytes={from}-")]);
        Assert.Equal(from is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 17];
        var at = from ?? 0;
        while (await body.ReadAsync(buffer) is var read and > 0)
        {
            Assert.True(blob.Bytes.AsSpan(at, read).SequenceEqual(buffer.AsSpan(0, read)), $"the bytes from {at} on are right");
            at += read;
        }

        Assert.Equal(blob.Bytes.Length, at);
    }

    public void Dispose() => Client.Dispose();
}
