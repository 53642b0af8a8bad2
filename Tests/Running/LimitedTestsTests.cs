using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Running;
using Xunit.v3;

namespace RegistryProxy.Tests.Running;

public sealed class LimitedTestsTests
{
    [Fact]
    public async Task A_test_that_waits_for_ever_fails()
    {
        await Task.Yield();
        var limit = Sizes.Full ? 0 : (int)LimitedTests.Limit.TotalMilliseconds;
        Assert.Equal(limit, ((IXunitTest)TestContext.Current.Test!).Timeout);
    }

    [Fact]
    public void A_test_that_cannot_wait_has_no_limit() => Assert.Equal(0, ((IXunitTest)TestContext.Current.Test!).Timeout);
}
