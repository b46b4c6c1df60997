// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title SeriesLife
/// @notice A pool with one series: sold only while covered, decided once, settled policy by policy up to what is reserved.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments. The
/// variables are those of `Ledger` and `AccountWord`.
contract SeriesLife {
    enum State {
        Open,
        Paying,
        Refunding,
        Closed
    }

    uint256 private _capital;
    uint256 private _locked;
    uint256 private _reserved;
    uint256 private _loss;
    uint256 private _paid;
    uint32 private _count;
    uint32 private _cursor;
    State private _state;

    function deposit(uint64 amount) external {
        _capital += amount;
    }

    function withdraw(uint64 amount) external {
        require(_capital >= _locked + amount);
        _capital -= amount;
    }

    function buy(uint48 insured) external {
        require(_state == State.Open);
        require(_capital >= _locked + insured);
        _locked += insured;
        ++_count;
    }

    function cancel(uint48 insured) external {
        require(_state == State.Open && _locked >= insured);
        _locked -= insured;
    }

    function decide(uint64 loss) external {
        require(_state == State.Open && loss <= _locked);
        _conclude(loss, State.Paying);
    }

    function refund(uint64 premiums) external {
        require(_state == State.Open && premiums <= _locked);
        _conclude(premiums, State.Refunding);
    }

    function settle(uint64 part) external {
        require(_state == State.Paying || _state == State.Refunding);
        require(_cursor < _count && part <= _reserved);
        _reserved -= part;
        _paid += part;
        ++_cursor;
        if (_cursor == _count) {
            _capital += _reserved;
            _reserved = 0;
            _state = State.Closed;
        }
    }

    /// @notice A pool's capital covers what stands behind the series.
    function checkCovered() external view {
        assert(_capital >= _locked);
    }

    /// @notice Nothing is paid before the decision, and never more than it set aside.
    function checkReserve() external view {
        assert(_paid + _reserved <= _loss);
        if (_state == State.Open) assert(_loss == 0 && _cursor == 0);
    }

    /// @notice No policy is settled twice, and a closed series keeps nothing back.
    function checkClosed() external view {
        assert(_cursor <= _count);
        if (_state == State.Closed) assert(_reserved == 0 && _locked == 0);
    }

    function _conclude(uint64 amount, State next) private {
        _capital -= amount;
        _locked = 0;
        _loss = amount;
        _reserved = amount;
        _state = amount == 0 ? State.Closed : next;
    }
}

/// @title SeriesLifeRefuted
/// @notice A pool that lets capital leave without looking at what it covers: the checker must show the hole.
contract SeriesLifeRefuted {
    uint128 private _assets;
    uint128 private _locked;

    function deposit(uint64 amount) external {
        _assets += amount;
    }

    function buy(uint64 insured) external {
        require(_assets >= _locked + insured);
        _locked += insured;
    }

    function withdraw(uint64 amount) external {
        require(_assets >= amount);
        _assets -= amount;
    }

    function checkCovered() external view {
        assert(_assets >= _locked);
    }
}
