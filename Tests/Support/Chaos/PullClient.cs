using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>
/// Pulls as careful clients do: logs in, reads the manifest, then one layer after the other, goes on by Range where a layer was cut, and
/// believes nothing but digests. Each request is tried again a few times, as long as the pause that it is asked for.
/// </summary>
internal sealed class PullClient(string url, string user, PullTally tally) : IDisposable
{
    /// <summary>How often a request is sent without a byte of progress before the pull fails.</summary>
    private const int Tries = 7;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false })
    {
        BaseAddress = new Uri(url), Timeout = Timeout.InfiniteTimeSpan,
    };

    private string _token = "";

    /// <summary>Pulls an image once; a failure goes to the tally.</summary>
    public async Task Pull(string repository, string tag, TestImage image, CancellationToken cancellation)
    {
        try
        {
            await Login(repository, cancellation);
            await Manifest(repository, tag, image, cancellation);
            foreach (var blob in image.Blobs)
            {
                await Blob(repository, blob, cancellation);
            }

            tally.AddPull(image.Blobs.Sum(blob => (long)blob.Bytes.Length));
        }
        catch (PullFailedException failed)
        {
            tally.AddFailure($"{user}: {failed.Message}");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task Login(string repository, CancellationToken cancellation)
    {
        var target = $"/token?service=127.0.0.1&scope={Uri.EscapeDataString(RegistryClient.Pull(repository))}";
        _token = await Persist("token", async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target);
            request.Headers.Authorization = RegistryClient.Basic(user, ChaosCluster.PasswordOf(user));
            using var response = await Send("token", request, HttpStatusCode.OK, cancellation);
            return (await RegistryClient.ReadToken(response)).Token!;
        }, null, cancellation);
    }

    private Task<bool> Manifest(string repository, string tag, TestImage image, CancellationToken cancellation) =>
        Persist("manifest", async () =>
    {
        using var request = Request($"/v2/{repository}/manifests/{tag}");
        request.Headers.Accept.ParseAdd(TestImage.OciManifest);
        using var response = await Send("manifest", request, HttpStatusCode.OK, cancellation);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellation);
        return bytes.AsSpan().SequenceEqual(image.Manifest.Bytes) ? true : throw new PullFailedException("the manifest has WRONG BYTES");
    }, null, cancellation);

    private async Task Blob(string repository, TestBlob blob, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var have = 0L;
        await Persist("blob", async () =>
        {
            using var request = Request($"/v2/{repository}/blobs/{blob.Digest}");
            if (have > 0)
            {
                request.Headers.Range = new RangeHeaderValue(have, null);
            }

            using var response = await Send("blob", request, have > 0 ? HttpStatusCode.PartialContent : HttpStatusCode.OK, cancellation);
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            var buffer = new byte[128 * 1024];
            for (int read; (read = await body.ReadAsync(buffer, cancellation)) > 0; have += read)
            {
                hash.AppendData(buffer, 0, read);
            }

            return have == blob.Bytes.Length ? true : throw new IOException("the layer ended early");
        }, () => have, cancellation);
        if (Convert.ToHexStringLower(hash.GetCurrentHash()) != blob.Digest.Hex)
        {
            throw new PullFailedException($"{blob.Digest} has WRONG BYTES");
        }
    }

    private HttpRequestMessage Request(string target)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        return request;
    }

    private async Task<HttpResponseMessage> Send(
        string kind, HttpRequestMessage request, HttpStatusCode wanted, CancellationToken cancellation)
    {
        var (at, watch) = (DateTimeOffset.UtcNow, Stopwatch.StartNew());
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException fault)
        {
            tally.Add(new RequestRecord(kind, user, at, watch.Elapsed, fault.HttpRequestError.ToString()));
            throw;
        }

        var good = response.StatusCode == wanted;
        tally.Add(new RequestRecord(kind, user, at, watch.Elapsed, good ? null : await Describe(response)));
        if (good)
        {
            return response;
        }

        var pause = response.Headers.RetryAfter?.Delta;
        var status = response.StatusCode;
        response.Dispose();
        throw new TryAgainException($"{kind} was answered with {(int)status}", pause);
    }

    private static async Task<string> Describe(HttpResponseMessage response)
    {
        var body = (await response.Content.ReadAsStringAsync()).Split(" (request ")[0].Trim();
        return $"{(int)response.StatusCode} {body[..Math.Min(body.Length, 160)]}";
    }

    /// <summary>Tries until it works, or until it was tried too often without progress.</summary>
    private async Task<T> Persist<T>(string kind, Func<Task<T>> work, Func<long>? progress, CancellationToken cancellation)
    {
        var (tries, before) = (0, 0L);
        while (true)
        {
            try
            {
                return await work();
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or TryAgainException)
            {
                if (fault is IOException)
                {
                    tally.Add(new RequestRecord(kind, user, DateTimeOffset.UtcNow, TimeSpan.Zero, "the body was cut"));
                }

                var now = progress?.Invoke() ?? 0;
                (tries, before) = now > before ? (1, now) : (tries + 1, before);
                if (tries >= Tries)
                {
                    throw new PullFailedException($"{kind}: {fault.Message} (tried {tries} times)");
                }

                var pause = (fault as TryAgainException)?.Pause ?? TimeSpan.FromSeconds(0.25 * Math.Pow(2, tries));
                await Task.Delay(pause < LongestPause ? pause : LongestPause, cancellation);
            }
        }
    }

    private sealed class TryAgainException(string message, TimeSpan? pause) : Exception(message)
    {
        public TimeSpan? Pause => pause;
    }

    private sealed class PullFailedException(string message) : Exception(message);
}
