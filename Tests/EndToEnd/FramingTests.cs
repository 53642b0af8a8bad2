using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Requests that two servers could read differently are refused, and never answered twice.</summary>
public sealed class FramingTests(Lab lab)
{
    [Theory]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: {0}\r\n\r\n")]
    [InlineData("POST /token HTTP/1.0\r\nHost: {0}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("POST /token HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("GET /v2/ HTTP/1.1\nHost: {0}\n\n")]
    [InlineData("GET /v2/ HTTP/1.1\r\nHost: {0}\r\nX: a\r\n b\r\n\r\n")]
    public async Task Ambiguous_framing_is_one_400(string request)
    {
        var door = await lab.Door;
        var answer = await RawHttp.Exchange(door.DataUrl, string.Format(request, door.Authority));
        Assert.StartsWith("HTTP/1.1 400", answer);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(answer, "HTTP/1.1 "));
    }
}
