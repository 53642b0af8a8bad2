using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>An upstream answers a push with headers that nobody can read: what it stored does not look failed.</summary>
public sealed class IllegibleAnswerTests : IAsyncLifetime
{
    private static readonly TestBlob Blob = TestBlob.Random(41, 1000);
    private static readonly TestBlob Manifest = TestBlob.Of(
        """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""");

    private RawUpstream _upstream = null!;
    private LeasedDoor _door = null!;
    private string _header = "";
    private bool _isStored = true;

    public async ValueTask InitializeAsync()
    {
        _upstream = new RawUpstream(Answer);
        _door = await LeasedDoors.Take(DoorConfiguration.Single(_upstream.Url));
    }

    public async ValueTask DisposeAsync()
    {
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("name beyond ASCII")]
    [InlineData("no colon")]
    [InlineData("long")]
    public async Task What_was_stored_is_201_and_what_was_not_is_an_error_of_the_upstream(string kind)
    {
        _header = kind switch
        {
            "name beyond ASCII" => "X-\u00c3\u00a9: 1", "no colon" => "nonsense", _ => $"X-Long: {new string('x', 40_000)}",
        };
        using var alice = _door.Client("alice");
        foreach (var isStored in new[] { true, false })
        {
            _isStored = isStored;
            var expected = isStored ? HttpStatusCode.Created : HttpStatusCode.ServiceUnavailable;
            using var blob = await alice.Do(
                HttpMethod.Put, $"{await alice.StartUpload("a/b")}?digest={Blob.Digest}", RegistryClient.Push("a/b"),
                new ByteArrayContent(Blob.Bytes));
            Assert.Equal(expected, blob.StatusCode);
            foreach (var reference in new[] { "v1", Manifest.Digest.Value })
            {
                using var manifest = await alice.PutManifest("a/b", reference, Manifest);
                Assert.Equal(expected, manifest.StatusCode);
                Assert.Equal(isStored ? Manifest.Digest.Value : null,
                    manifest.Headers.TryGetValues("Docker-Content-Digest", out var digest) ? digest.Single() : null);
            }
        }
    }

    private string Answer(string method, string target)
    {
        if (method == "PUT")
        {
            return $"HTTP/1.1 201 Created\r\n{_header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        }

        var (status, more) = target == "/v2/" ? ("200 OK", "Content-Length: 0")
            : method == "POST" ? ("202 Accepted", "Content-Length: 0\r\nLocation: /v2/a/b/blobs/uploads/1")
            : !_isStored ? ("404 Not Found", "Content-Length: 0")
            : ("200 OK", target.Contains("manifests") ? $"Content-Type: {TestImage.OciManifest}\r\nContent-Length: " +
                $"{Manifest.Bytes.Length}\r\nDocker-Content-Digest: {Manifest.Digest}" : $"Content-Length: {Blob.Bytes.Length}");
        return $"HTTP/1.1 {status}\r\n{more}\r\nConnection: close\r\n\r\n";
    }
}
