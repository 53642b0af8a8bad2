using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Requests that two servers could read differently are refused, and never answered twice.</summary>
public sealed class FramingTests(Lab lab)
{
    [Theory]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v2/ " +
        "HTTP/1.1\r\nHost: {0}\r\n\r\n")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: chunked\r\nX-Content-Length: 4\r\nContent-Length: " +
        "4\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /token HTTP/1.0\r\nHost: {0}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: , chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("GET /livez HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("GET /livez HTTP/1.1\r\nHost: {0}\r\nContent-Length: +0\r\n\r\n")]
    [InlineData("GET /livez HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding\u000b: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("GET /v2/\rx HTTP/1.1\r\nHost: {0}\r\n\r\n")]
    [InlineData("GET /livez\u0001 HTTP/1.1\r\nHost: {0}\r\n\r\n")]
    [InlineData("GET /v2/ HTTP/1.1\nHost: {0}\n\n")]
    [InlineData("GET /v2/ HTTP/1.1\r\nHost: {0}\r\nX: a\r\n b\r\n\r\n")]
    public async Task Ambiguous_framing_is_one_400_at_every_listener(string request)
    {
        var door = await lab.Door;
        foreach (var url in new[] { door.DataUrl, door.AdminUrl, (await lab.EncryptedDoor).DataUrl })
        {
            await IsRefused(url, string.Format(request, new Uri(url).Authority));
        }
    }

    [Fact]
    public async Task A_Content_Length_is_digits_and_nothing_else()
    {
        var door = await lab.Door;
        string[] wrong = ["+5", "-5", "-0", "5,5", "5, 5", "5;", "0x5", "5.0", "5e0", "\u000b5", "5\u000c", "5\u00a0", "\u00b2", "", "five",
            "99999999999999999999", "5 5"];
        await Task.WhenAll(wrong.Select(length => IsRefused(door.DataUrl, Form(length))));
        await Task.WhenAll(new[] { "5", "05", "0000000000000000005", " 5\t" }.Select(async length =>
        {
            var answer = await RawHttp.Exchange(
                door.DataUrl, $"{Form(length)}GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            Assert.Equal(["400", "200"], Regex.Matches(answer, "HTTP/1.1 (...)").Select(match => match.Groups[1].Value));
        }));

        static string Form(string length) =>
            $"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: " +
            $"application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\na=b&c";
    }

    [Theory]
    [InlineData("X: a\0b")]
    [InlineData("X")]
    [InlineData("X y: z")]
    [InlineData("(: z")]
    public async Task Trailers_that_cannot_be_read_are_400(string trailer)
    {
        var door = await lab.Door;
        await IsRefused(
            door.DataUrl,
            $"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: " +
            $"chunked\r\n\r\n3\r\na=b\r\n0\r\n{trailer}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", await RawHttp.Exchange(
            door.AdminUrl,
            $"POST /admin/sessions/revoke HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: " +
            $"chunked\r\n\r\n2\r\n{{}}\r\n0\r\n{trailer}\r\n\r\n"));
    }

    private static async Task IsRefused(string url, string request)
    {
        var answer = await RawHttp.Exchange(url, request);
        Assert.StartsWith("HTTP/1.1 400", answer);
        Assert.Contains("\r\nConnection: close\r\n", answer);
        Assert.Single(Regex.Matches(answer, "HTTP/1.1 "));
    }
}
