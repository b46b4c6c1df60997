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
    bool private _decided;
    bool private _closed;
    uint256 private _reserve;
    uint256 private _left;
    uint256 private _out;

    function decide(uint64 reserve) external {
        require(!_decided);
        _decided = true;
        _reserve = reserve;
        _left = reserve;
        _closed = reserve == 0;
    }

    function settle(uint64 part) external {
        require(_decided && !_closed && part <= _left);
        _left -= part;
        _out += part;
    }

    /// @dev After the last policy: what rounding left goes back to the pool.
    function close() external {
        require(_decided && !_closed);
        _out += _left;
        _left = 0;
        _closed = true;
    }

    /// @notice Nothing goes out before the decision, and then exactly what it set aside.
    function checkReserve() external view {
        assert(_out + _left == _reserve);
        if (!_decided) assert(_out == 0);
        if (_closed) assert(_left == 0);
    }
}

/// @title CursorLife
/// @notice The order of a series' policies: each index is passed once, and the last one closes the series.
contract CursorLife {
    bool private _decided;
    bool private _closed;
    uint256 private _count;
    uint256 private _cursor;

    function buy() external {
        require(!_decided);
        _count += 1;
    }

    function decide() external {
        _decided = true;
    }

    function settle(uint32 max) external {
        require(_decided && !_closed);
        if (_count - _cursor <= max) {
            _cursor = _count;
            _closed = true;
        } else {
            _cursor += max;
        }
    }

    /// @notice The cursor never passes the last policy, does not move before the decision, and has passed all at the end.
    function checkCursor() external view {
        assert(_cursor <= _count);
        if (!_decided) assert(_cursor == 0 && !_closed);
        if (_closed) assert(_cursor == _count);
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
