using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>A careful client of the distribution protocol: asks for a token when it is challenged, like Docker does.</summary>
internal sealed class RegistryClient(string url, string? user, string? password) : IDisposable
{
    private readonly HttpClient _http =
        new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseProxy = false,
            // One address may have a few more that have asked nothing yet.
            MaxConnectionsPerServer = 1000,
            SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
        })
        {
            BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(5)
        };
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, string> _tokens = new();

    public HttpClient Http => _http;

    /// <summary>Speaks HTTP/2 and nothing else: within TLS, or without by prior knowledge.</summary>
    public bool Http2 { get; init; }

    /// <summary>Sends one request with exactly this token, or none.</summary>
    public Task<HttpResponseMessage> Send(
        HttpMethod method, string path, string? token = null, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method,
            new Uri(url + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })) { Content = content };
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                content!.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return _http.SendAsync(Versioned(request), HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Sends a request with a token for the scope.</summary>
    public async Task<HttpResponseMessage> Do(
        HttpMethod method, string path, string scope, HttpContent? content = null, params (string Name, string Value)[] headers) =>
        await Send(method, path, await Token(scope), content, headers);

    /// <summary>A token for scopes, separated by spaces; kept.</summary>
    public async Task<string> Token(string scope)
    {
        if (!_tokens.TryGetValue(scope, out var token))
        {
            using var response = await RequestToken(scope.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
            _tokens[scope] = token = (await ReadToken(response)).Token!;
        }

        return token;
    }

    /// <summary>GET /token.</summary>
    public Task<HttpResponseMessage> RequestToken(IEnumerable<string> scopes, string extra = "")
    {
        var query = string.Concat(scopes.Select(scope => $"&scope={Uri.EscapeDataString(scope)}"));
        var request = new HttpRequestMessage(HttpMethod.Get, $"/token?service=127.0.0.1{query}{extra}");
        if (user is not null)
        {
            request.Headers.Authorization = Basic(user, password!);
        }

        return _http.SendAsync(Versioned(request));
    }

    /// <summary>POST /token.</summary>
    public Task<HttpResponseMessage> PostToken(params (string Name, string Value)[] fields) =>
        _http.PostAsync("/token", new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));

    public static async Task<TokenReply> ReadToken(HttpResponseMessage response) =>
        JsonSerializer.Deserialize<TokenReply>(await response.Content.ReadAsStringAsync())!;

    public static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    /// <summary>Starts an upload; returns its location.</summary>
    public async Task<string> StartUpload(string repository)
    {
        using var response = await Do(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/", Push(repository));
        await response.ShouldBe(HttpStatusCode.Accepted);
        return response.Headers.Location!.OriginalString;
    }

    /// <summary>Pushes a blob by POST and PUT.</summary>
    public async Task PushBlob(string repository, TestBlob blob)
    {
        var location = await StartUpload(repository);
        using var response = await Do(
            HttpMethod.Put, $"{location}?digest={Uri.EscapeDataString(blob.Digest.Value)}", Push(repository),
            new ByteArrayContent(blob.Bytes));
        await response.ShouldBe(HttpStatusCode.Created);
    }

    public async Task<HttpResponseMessage> PutManifest(
        string repository, string reference, TestBlob manifest, string mediaType = TestImage.OciManifest)
    {
        var content = new ByteArrayContent(manifest.Bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return await Do(HttpMethod.Put, $"/v2/{repository}/manifests/{reference}", Push(repository), content);
    }

    /// <summary>Pushes a whole image under a tag.</summary>
    public async Task PushImage(string repository, string tag, TestImage image)
    {
        foreach (var blob in image.Blobs)
        {
            await PushBlob(repository, blob);
        }

        using var response = await PutManifest(repository, tag, image.Manifest);
        await response.ShouldBe(HttpStatusCode.Created);
    }

    public Task<HttpResponseMessage> GetManifest(string repository, string reference) =>
        Do(HttpMethod.Get, $"/v2/{repository}/manifests/{reference}", Pull(repository), null, ("Accept", TestImage.OciManifest),
            ("Accept", TestImage.OciIndex));

    public Task<HttpResponseMessage> GetBlob(string repository, Digest digest, params (string Name, string Value)[] headers) =>
        Do(HttpMethod.Get, $"/v2/{repository}/blobs/{digest}", Pull(repository), null, headers);

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Versioned(HttpRequestMessage request)
    {
        (request.Version, request.VersionPolicy) = Http2 ? (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact)
            : (request.Version, request.VersionPolicy);
        return request;
    }

    public static string Pull(string repository) => $"repository:{repository}:pull";

    public static string Push(string repository) => $"repository:{repository}:pull,push";
}
