using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>The words of an error that never end are not waited for.</summary>
public sealed class SlowErrorTests
{
    private static readonly Upstream Upstream = new(new UpstreamSnapshot { Name = "up", Url = new Uri("http://up.example") }, []);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task An_error_is_told_without_its_words_when_they_do_not_come()
    {
        using var response = Response();
        var reading = UpstreamErrorBody.Read(response, "up", _time, CancellationToken.None).AsTask();
        Assert.False(reading.IsCompleted);
        _time.Advance(UpstreamErrorBody.MaxTime);
        Assert.Equal(403, (await reading).Status);
    }

    [Fact]
    public async Task Whose_client_leaves_is_told_nothing()
    {
        using var response = Response();
        using var client = new CancellationTokenSource();
        var reading = UpstreamErrorBody.Read(response, "up", _time, client.Token).AsTask();
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private static HttpResponseMessage Response()
    {
        var token = new UpstreamToken { Generation = 1, RefreshAfter = DateTimeOffset.MaxValue, Expires = DateTimeOffset.MaxValue };
        var request = new HttpRequestMessage(HttpMethod.Get, "http://up.example/v2/a/manifests/v1");
        new UpstreamCall(Upstream, new UpstreamTokenKey("up", ""), token, true, false, CallKind.Pull, default).AttachTo(request);
        return new HttpResponseMessage(System.Net.HttpStatusCode.Forbidden)
        {
            RequestMessage = request, Content = new StreamContent(new Unending()),
        };
    }

    private sealed class Unending : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
