// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CoverLife
/// @notice A pool's capital and what stands behind any number of series: sold only while covered, freed by decisions.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments. The
/// variables are those of `Ledger`; what is already reserved has left the capital and has a harness of its own.
contract CoverLife {
    uint256 private _capital;
    uint256 private _locked;

    function deposit(uint64 amount) external {
        _capital += amount;
    }

    function withdraw(uint64 amount) external {
        require(_capital >= _locked + amount);
        _capital -= amount;
    }

    function buy(uint48 insured) external {
        require(_capital >= _locked + insured);
        _locked += insured;
    }

    function cancel(uint48 insured) external {
        require(_locked >= insured);
        _locked -= insured;
    }

    /// @dev A loss, or premiums that go back, never more than the series' sums insured; rounding's dust comes back later.
    function decide(uint64 exposure, uint64 reserve) external {
        require(exposure <= _locked && reserve <= exposure);
        _locked -= exposure;
        _capital -= reserve;
    }

    function close(uint64 dust) external {
        _capital += dust;
    }

    /// @notice A pool's capital covers what stands behind its series.
    function checkCovered() external view {
        assert(_capital >= _locked);
    }
}

/// @title ReserveLife
/// @notice One series from its decision on: what is set aside is paid part by part, once, and the rest is given back.
/// @dev Steps as in `SeriesSettlement`, variables those of `AccountWord`.
contract ReserveLife {
    uint256 private immutable _RESERVE;
    uint256 private _left;
    uint256 private _out;

    constructor(uint64 reserve) {
        _RESERVE = reserve;
        _left = reserve;
    }

    function settle(uint64 part) external {
        require(part <= _left);
        _left -= part;
        _out += part;
    }

    /// @dev After the last policy: what rounding left goes back to the pool.
    function close() external {
        _out += _left;
        _left = 0;
    }

    /// @notice Exactly what was set aside goes out.
    function checkReserve() external view {
        assert(_out + _left == _RESERVE);
    }
}

/// @title ReserveLifeRefuted
/// @notice A series that looks at what was set aside and not at what is left of it.
contract ReserveLifeRefuted {
    uint256 private immutable _RESERVE;
    uint256 private _out;

    constructor(uint64 reserve) {
        _RESERVE = reserve;
    }

    function settle(uint64 part) external {
        require(part <= _RESERVE);
        _out += part;
    }

    function checkReserve() external view {
        assert(_out <= _RESERVE);
    }
}

/// @title CursorLife
/// @notice The policies of a decided series: each is passed once, and the last one closes the series.
/// @dev A call that settles many is as many steps; the cursor is what was passed.
contract CursorLife {
    uint256 private immutable _SOLD;
    uint256 private _cursor;
    bool private _closed;

    constructor(uint32 sold) {
        require(sold > 0);
        _SOLD = sold;
    }

    function settle() external {
        require(!_closed);
        _cursor += 1;
        _closed = _cursor == _SOLD;
    }

    /// @notice The cursor never passes the last policy, and has passed all of them exactly when the series is closed.
    function checkCursor() external view {
        assert(_cursor <= _SOLD);
        assert(_closed == (_cursor == _SOLD));
    }
}

/// @title CursorLifeRefuted
/// @notice A series that is settled further when it is closed.
contract CursorLifeRefuted {
    uint256 private immutable _SOLD;
    uint256 private _cursor;

    constructor(uint32 sold) {
        require(sold > 0);
        _SOLD = sold;
    }

    function settle() external {
        _cursor += 1;
    }

    function checkCursor() external view {
        assert(_cursor <= _SOLD);
    }
}

/// @title CoverLifeRefuted
/// @notice A pool that lets capital leave without looking at what it covers: the checker must show the hole.
contract CoverLifeRefuted {
    uint128 private _capital;
    uint128 private _locked;

    function deposit(uint64 amount) external {
        _capital += amount;
    }

    function buy(uint64 insured) external {
        require(_capital >= _locked + insured);
        _locked += insured;
    }

    function withdraw(uint64 amount) external {
        _capital -= amount;
    }

    function checkCovered() external view {
        assert(_capital >= _locked);
    }
}

/// @title PoolQueue
/// @notice Investors who leave are served in the order they asked: nobody who asked later is paid before.
/// @dev `CapitalVault.requestWithdrawal` and `serveWithdrawals`, which stops at the first ticket that is not done; any
/// request is watched. Left out: what makes a ticket ready, the parts it may be paid in, and that capital behind
/// series never leaves, see `CoverLife`.
contract PoolQueue {
    uint256 internal _head;
    uint256 internal _tail;

    // The watched ticket, and whether a later one was served before it.
    bool internal _watching;
    uint256 internal _watched;
    bool internal _done;
    bool internal _overtaken;

    function request(bool watch) external {
        _watched = watch && !_watching ? _tail : _watched;
        _watching = _watching || watch;
        _tail += 1;
    }

    function serve() external {
        require(_head < _tail);
        _overtaken = _overtaken || (_watching && !_done && _head > _watched);
        _done = _done || (_watching && _head == _watched);
        _head += 1;
    }

    /// @dev A ticket that is not ready holds up those behind it.
    function passOver() external virtual {
        require(_head < _tail);
    }

    function checkOrder() external view {
        assert(_head <= _tail && !_overtaken);
    }
}

/// @title PoolQueueRefuted
/// @notice A pool that passes over a ticket that is not ready.
contract PoolQueueRefuted is PoolQueue {
    function passOver() external override {
        require(_head < _tail);
        _head += 1;
    }
}

/// @title TowerDraw
/// @notice What layers pay: never more than each carries, nor all together more than the series' reserve, and enough that
/// the pool in front owes no more than it has locked.
/// @dev `ReinsuranceTower._exposureOf`, `_lossOf` and `draw`, and `UnderwritingPool._share`, for two layers: all of what lies
/// between 20 and 60 % and half of what lies above, at payouts of 70 and 100 %. Quotients are numbers of which the
/// inequalities of a rounded quotient are known: down for the reserve and what is carried, up for the losses.
contract TowerDraw {
    function check70(
        uint64 exposure,
        uint64 reserve,
        uint64 low,
        uint64 high,
        uint64 lowLoss,
        uint64 highLoss
    ) external pure {
        require(reserve * uint256(100) <= uint256(exposure) * 70);
        require(low * uint256(100) <= uint256(exposure) * 40 && high * uint256(100) <= uint256(exposure) * 20);
        require(lowLoss * uint256(100) >= uint256(exposure) * 40 && highLoss * uint256(100) >= uint256(exposure) * 5);
        uint256 first = lowLoss < low ? lowLoss : low;
        first = first < reserve ? first : reserve;
        uint256 second = highLoss < high ? highLoss : high;
        second = second < reserve - first ? second : reserve - first;
        assert(first <= low && second <= high && first + second <= reserve);
        assert(reserve - first - second <= uint256(exposure) - low - high);
    }

    function check100(uint64 exposure, uint64 low, uint64 high, uint64 lowLoss, uint64 highLoss) external pure {
        require(low * uint256(100) <= uint256(exposure) * 40 && high * uint256(100) <= uint256(exposure) * 20);
        require(lowLoss * uint256(100) >= uint256(exposure) * 40 && highLoss * uint256(100) >= uint256(exposure) * 20);
        uint256 first = lowLoss < low ? lowLoss : low;
        uint256 second = highLoss < high ? highLoss : high;
        second = second < exposure - first ? second : exposure - first;
        assert(first <= low && second <= high && first + second <= exposure);
        assert(exposure - first - second <= uint256(exposure) - low - high);
    }
}

/// @title TowerDrawRefuted
/// @notice A tower that does not stop at what a layer carries.
contract TowerDrawRefuted {
    function check100(uint64 exposure, uint64 low, uint64 lowLoss) external pure {
        require(low * uint256(100) <= uint256(exposure) * 40);
        require(lowLoss * uint256(100) >= uint256(exposure) * 40);
        uint256 first = lowLoss < exposure ? lowLoss : exposure;
        assert(first <= low);
    }
}

/// @title RecourseOrder
/// @notice Whose data decide a series: the first feed's before the fallback's, and a refund only where both are missing.
/// @dev `SeriesSettlement.decide`, and `SeriesRecourse.decideByFallback`, `refund` and `contest`. A feed "has the data" when
/// every round of it was stored in time, so that no round can be shown to be missing. Left out: dispute windows, and how a
/// lie is proven.
contract RecourseOrder {
    bool internal _firstOver;
    bool internal _secondOver;
    bool private _lastResort;
    bool internal _firstHasData;
    bool internal _secondHasData;
    bool internal _contested;
    bool internal _decided;

    // How it was decided, and whether that was by the last resort.
    bool internal _byFallback;
    bool internal _refunded;
    bool private _late;

    function passFirstDeadline() external {
        _firstOver = true;
    }

    function passSecondDeadline() external {
        require(_firstOver);
        _secondOver = true;
    }

    function passLastResort() external {
        require(_secondOver);
        _lastResort = true;
    }

    function storeFirst() external {
        require(!_firstOver);
        _firstHasData = true;
    }

    function storeSecond() external {
        require(!_secondOver);
        _secondHasData = true;
    }

    function contest() external {
        require(!_decided);
        _contested = true;
    }

    function decide() external {
        require(!_decided && _firstHasData && !_contested);
        _decided = true;
    }

    function decideByFallback() external virtual {
        require(!_decided && _secondHasData && (_contested || (_firstOver && !_firstHasData)));
        (_decided, _byFallback) = (true, true);
    }

    function refund() external {
        bool missing = (_contested || (_firstOver && !_firstHasData)) && _secondOver && !_secondHasData;
        require(!_decided && (_lastResort || missing));
        (_decided, _refunded, _late) = (true, true, _lastResort);
    }

    /// @notice What the first feed stored in time is passed over only when it was shown to lie, what the fallback stored never,
    /// until nobody has used either for the whole last resort.
    function checkOrder() external view {
        assert(!_byFallback || _contested || !_firstHasData);
        assert(!_refunded || _late || _contested || !_firstHasData);
        assert(!_refunded || _late || !_secondHasData);
    }
}

/// @title RecourseOrderRefuted
/// @notice A recourse that takes a round for missing while the feed may still store it.
contract RecourseOrderRefuted is RecourseOrder {
    function decideByFallback() external override {
        require(!_decided && _secondHasData && (_contested || !_firstHasData));
        (_decided, _byFallback) = (true, true);
    }
}
