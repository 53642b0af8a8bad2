using RegistryProxy.Egress;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Egress;

/// <summary>The last look at a request, and the bound on answers.</summary>
public sealed class OriginGuardTests
{
    private static readonly HttpOrigin Home = HttpOrigin.Of(new Uri("https://registry.example"));

    [Theory]
    [InlineData("https://registry.example/v2/x", true)]
    [InlineData("https://registry.example:443/v2/x", true)]
    [InlineData("http://registry.example/v2/x", false)]
    [InlineData("https://registry.example:444/v2/x", false)]
    [InlineData("https://u@registry.example/v2/x", false)]
    [InlineData("https://other.example/v2/x", false)]
    public async Task What_carries_a_body_or_a_credential_goes_home_or_nowhere(string address, bool home)
    {
        Func<HttpRequestMessage>[] precious =
        [
            () => new(HttpMethod.Patch, address) { Content = new ByteArrayContent([1]) },
            () => new(HttpMethod.Delete, address),
            () => new(HttpMethod.Get, address) { Headers = { { "Authorization", "Bearer x" } } },
            () => new(HttpMethod.Head, address) { Headers = { { "Cookie", "a=b" } } },
        ];
        foreach (var make in precious)
        {
            Assert.Equal(home, await Leaves(make(), Home));
            Assert.False(await Leaves(make(), null));
        }

        Assert.True(await Leaves(new HttpRequestMessage(HttpMethod.Get, address), null));
        Assert.False(await Leaves(new HttpRequestMessage(HttpMethod.Delete, address) { Headers = { Host = "other.example" } }, Home));
    }

    [Fact]
    public async Task An_answer_beyond_the_bound_is_cut_whoever_reads_it()
    {
        using var http = new HttpClient(new AnswerLimit(1000, new Answering(() => new StreamContent(new Endless()))));
        await Assert.ThrowsAnyAsync<Exception>(() => http.GetStringAsync("https://registry.example/"));
        using var response = await http.GetAsync("https://registry.example/", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var fault = await Assert.ThrowsAsync<AnswerTooLargeException>(() => body.CopyToAsync(Stream.Null));
        Assert.Contains("registry.example", fault.Message);
        using var announced = new HttpClient(new AnswerLimit(1000, new Answering(() => new ByteArrayContent(new byte[1001]))));
        await Assert.ThrowsAsync<AnswerTooLargeException>(() => announced.GetAsync("https://registry.example/"));
        using var good = new HttpClient(new AnswerLimit(1000, new Answering(() => new StringContent(new string('x', 1000)))));
        Assert.Equal(1000, (await good.GetStringAsync("https://registry.example/")).Length);
    }

    private static async Task<bool> Leaves(HttpRequestMessage request, HttpOrigin? origin)
    {
        if (origin is not null)
        {
            OriginGuard.Bind(request, origin);
        }

        using (request)
        using (var http = new HttpMessageInvoker(new OriginGuard(new Answering(() => new ByteArrayContent([])))))
        {
            try
            {
                using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
                return true;
            }
            catch (WrongOriginException)
            {
                return false;
            }
        }
    }

    private sealed class Answering(Func<HttpContent> content) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { RequestMessage = request, Content = content() });
    }

    private sealed class Endless : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count) => count;

        public override int Read(Span<byte> buffer) => buffer.Length;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(buffer.Length);
    }
}
