using System.Text;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>Sends exact bytes on a connection of its own and reads whatever comes back.</summary>
internal static class RawHttp
{
    /// <summary>The whole answer, until the server closes or is silent for a second; longer while an answer or an end must come.</summary>
    public static async Task<string> Exchange(string url, string request)
    {
        var address = new Uri(url);
        await using var stream = await ClientStream.Open(address);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        var answer = new StringBuilder();
        var buffer = new byte[16 * 1024];
        var isLast = request.Contains("Connection: close", StringComparison.Ordinal);
        using var silence = new CancellationTokenSource();
        try
        {
            while (true)
            {
                silence.CancelAfter(TimeSpan.FromSeconds(answer.Length == 0 || isLast ? 10 : 1));
                var read = await stream.ReadAsync(buffer, silence.Token);
                if (read == 0)
                {
                    break;
                }

                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            // Silence, or a reset: the answer is what came before.
        }

        return answer.ToString();
    }

    /// <summary>The status of a GET of an exact target, sent with <c>Connection: close</c>.</summary>
    public static async Task<int> Status(string url, string target, string? token = null, string method = "GET")
    {
        var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        var answer = await Exchange(
            url, $"{method} {target} HTTP/1.1\r\nHost: {new Uri(url).Authority}\r\n{authorization}Connection: close\r\n\r\n");
        return answer.Length > 12 ? int.Parse(answer.AsSpan(9, 3)) : 0;
    }
}
