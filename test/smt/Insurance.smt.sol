// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title SeriesLife
/// @notice A pool with one policy: sold only when covered, decided once, paid at most once.
/// @dev For the model checker: every public function is a step anybody may take in any order, with any arguments.
contract SeriesLife {
    uint256 private _assets;
    uint256 private _locked;
    bool private _sold;
    bool private _decided;
    bool private _paid;
    uint256 private _payments;

    function deposit(uint64 amount) external {
        _assets += amount;
    }

    function withdraw(uint64 amount) external {
        require(_assets >= _locked + amount);
        _assets -= amount;
    }

    function buy(uint64 insured, uint64 premium) external {
        require(!_sold && !_decided);
        require(_assets + premium >= insured);
        _assets += premium;
        _locked = insured;
        _sold = true;
    }

    function decide(uint64 loss) external {
        require(_sold && !_decided && loss <= _locked);
        _decided = true;
        _locked = loss;
    }

    function settle() external {
        require(_decided && !_paid);
        _paid = true;
        _payments += 1;
        _assets -= _locked;
        _locked = 0;
    }

    /// @notice What the investors own covers what stands behind open series.
    function checkCovered() external view {
        assert(_assets >= _locked);
    }

    /// @notice Paid at most once, and only what was decided.
    function checkOnce() external view {
        assert(_payments <= 1);
        if (_paid) assert(_decided && _locked == 0);
        if (!_decided) assert(_payments == 0);
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
