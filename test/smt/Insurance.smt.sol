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
